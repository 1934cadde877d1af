import { useMutation, useQuery } from '@tanstack/react-query';
import type { Adjustment, AdjustmentRequest } from '@wattkeeper/contract/analytics/baseline-deviation.ts';
import type { Device } from '@wattkeeper/contract/device.ts';
import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { addAdjustment, removeAdjustment } from '@wattkeeper/contract/endpoints/baseline.ts';
import { Trash2 } from 'lucide-react';
import type { FormEvent } from 'react';
import { useFormat, useQueries, useServices, useText } from '../../app-context.tsx';
import { fromLocalField, toLocalField, type Window } from '../../data/period.ts';
import { useSite } from '../../site-context.tsx';
import { Button, IconButton } from '../../ui/controls/button.tsx';
import { TextField } from '../../ui/controls/field.tsx';
import { ErrorNote } from '../../ui/feedback/notice.tsx';
import { QueryView } from '../../ui/feedback/query-view.tsx';
import { plain } from '../../ui/format.ts';
import { Panel } from '../../ui/layout/panel.tsx';
import { Table } from '../../ui/layout/table.tsx';
import styles from './baseline.module.css';
import { useBaselineRefresh } from './use-baseline-refresh.ts';

interface AdjustmentsPanelProps {
  readonly machine: Device;
  readonly window: Window;
}

/** Non-routine events of the machine and their adjustments. */
export function AdjustmentsPanel({ machine, window }: AdjustmentsPanelProps) {
  const text = useText();
  const { api } = useServices();
  const { timezone } = useSite();
  const onSuccess = useBaselineRefresh(machine.id);
  const add = useMutation({ mutationFn: (body: AdjustmentRequest) => api.call(addAdjustment, { body }), onSuccess });
  const remove = useMutation({ mutationFn: (id: string) => api.call(removeAdjustment, { params: { id } }), onSuccess });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const field = (name: string) => String(new FormData(form).get(name) ?? '');
    const at = (name: string) => new Date(fromLocalField(field(name), timezone)).toISOString();
    const kwh = field('kwh') === '' ? null : Number(field('kwh'));
    const body = { machine_id: machine.id, start: at('start'), end: at('end'), kwh, reason: field('reason') };
    add.mutate(body, { onSuccess: () => form.reset() });
  };
  const local = (instant: number) => toLocalField(instant, timezone);
  return (
    <Panel title={text('baseline.adjustments')} note={text('baseline.adjustments_note')}>
      <QueryView query={useQuery(useQueries().adjustments(machine.id))} height="4rem">
        {(all) =>
          all.length === 0 ? (
            <p className={styles.quiet}>{text('baseline.no_adjustments')}</p>
          ) : (
            <AdjustmentTable all={all} onRemove={(id) => remove.mutate(id)} />
          )
        }
      </QueryView>
      <form key={window.end} className={styles.form} onSubmit={submit}>
        <TextField
          label={text('range.from')}
          name="start"
          type="datetime-local"
          defaultValue={local(window.end - UTC_DAY_MS)}
          required
        />
        <TextField
          label={text('range.to')}
          name="end"
          type="datetime-local"
          defaultValue={local(window.end)}
          required
        />
        <TextField
          label={text('baseline.energy')}
          name="kwh"
          type="number"
          step="any"
          unit="kWh"
          hint={text('baseline.energy_hint')}
        />
        <div className={styles.wide}>
          <TextField label={text('baseline.reason')} name="reason" maxLength={500} required />
        </div>
        <Button type="submit" disabled={add.isPending}>
          {text('baseline.add')}
        </Button>
      </form>
      {add.isError ? <ErrorNote error={add.error} /> : null}
      {remove.isError ? <ErrorNote error={remove.error} /> : null}
    </Panel>
  );
}

interface AdjustmentTableProps {
  readonly all: readonly Adjustment[];
  readonly onRemove: (id: string) => void;
}

function AdjustmentTable({ all, onRemove }: AdjustmentTableProps) {
  const text = useText();
  const format = useFormat();
  const at = (instant: string) => format.dateTime(Date.parse(instant));
  const head = [
    text('baseline.reason'),
    text('range.from'),
    text('range.to'),
    { label: text('baseline.energy'), numeric: true },
    text('baseline.by'),
    '',
  ];
  return (
    <Table caption={text('baseline.adjustments')} head={head}>
      {all.map(({ id, reason, start, end, kwh, created_by: by }) => (
        <tr key={id}>
          <th scope="row">{reason}</th>
          <td data-nowrap>{at(start)}</td>
          <td data-nowrap>{at(end)}</td>
          <td data-numeric>{kwh === null ? text('baseline.excluded') : plain(format.energy(kwh))}</td>
          <td>{by}</td>
          <td data-numeric>
            <IconButton icon={Trash2} label={text('baseline.remove', { reason })} onClick={() => onRemove(id)} />
          </td>
        </tr>
      ))}
    </Table>
  );
}
