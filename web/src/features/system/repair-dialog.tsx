import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { previewRepair, repairTelemetry } from '@wattkeeper/contract/endpoints/quality.ts';
import type { RepairPreview } from '@wattkeeper/contract/storage/repair.ts';
import { type ComponentProps, useState } from 'react';
import { useQueries, useServices, useText } from '../../app-context.tsx';
import { alignSeries, type SeriesInput } from '../../charts/frame.ts';
import { TimeChart } from '../../charts/time-chart.tsx';
import { useSite } from '../../site-context.tsx';
import { Button } from '../../ui/controls/button.tsx';
import { SelectField, TextField } from '../../ui/controls/field.tsx';
import { Modal } from '../../ui/feedback/dialog.tsx';
import { ErrorNote, WarningLine } from '../../ui/feedback/notice.tsx';
import { newDraft, OPERATIONS, type RepairDraft, requestOf } from './repair-draft.ts';
import styles from './system.module.css';

interface RepairDialogProps {
  /** The proposed repair, as far as known. */
  readonly series: { readonly deviceId: string; readonly metric: string };
  readonly onClose: () => void;
}

/** Repairs stored samples: window and operation, preview, run. */
export function RepairDialog({ series, onClose }: RepairDialogProps) {
  const text = useText();
  const { api } = useServices();
  const { timezone } = useSite();
  const cache = useQueryClient();
  const [draft, setDraft] = useState(() => newDraft(series, Date.now(), timezone));
  const request = requestOf(draft, timezone);
  const preview = useMutation({ mutationFn: () => api.call(previewRepair, { body: request! }) });
  const apply = useMutation({
    mutationFn: () => api.call(repairTelemetry, { body: request! }),
    onSuccess: async () => {
      await cache.invalidateQueries();
      onClose();
    },
  });
  const change = (part: Partial<RepairDraft>) => {
    setDraft((old) => ({ ...old, ...part }));
    preview.reset();
    apply.reset();
  };
  return (
    <Modal
      open
      wide
      onClose={onClose}
      title={text('system.repair_title')}
      description={text('system.repair_note')}
      footer={
        <>
          <Button onClick={onClose}>{text('action.cancel')}</Button>
          {preview.data ? (
            <Button kind="danger" disabled={apply.isPending} onClick={() => apply.mutate()}>
              {text('system.repair_apply')}
            </Button>
          ) : (
            <Button kind="primary" disabled={request === null || preview.isPending} onClick={() => preview.mutate()}>
              {text('system.repair_preview')}
            </Button>
          )}
        </>
      }
    >
      <Fields draft={draft} onChange={change} />
      {preview.isError ? <ErrorNote error={preview.error} /> : null}
      {apply.isError ? <ErrorNote error={apply.error} /> : null}
      {preview.data ? <Preview preview={preview.data} /> : null}
    </Modal>
  );
}

interface FieldsProps {
  readonly draft: RepairDraft;
  readonly onChange: (part: Partial<RepairDraft>) => void;
}

function Fields({ draft, onChange }: FieldsProps) {
  const text = useText();
  const site = useSite();
  const devices = useQuery(useQueries().devices(site.id)).data ?? [];
  const latest = useQuery(useQueries().latest(site.id)).data?.items ?? [];
  const metrics = Object.keys(latest.find(({ device_id }) => device_id === draft.deviceId)?.values ?? {});
  const known = draft.metric && !metrics.includes(draft.metric) ? [draft.metric, ...metrics] : metrics;
  const field = (name: keyof RepairDraft, label: string, props?: InputProps) => (
    <DraftField name={name} label={label} draft={draft} onChange={onChange} {...props} />
  );
  const number = { inputMode: 'decimal' } as const;
  return (
    <div className={styles.form}>
      <div className={styles.field}>
        <SelectField
          label={text('system.device')}
          value={draft.deviceId}
          onChange={(event) => onChange({ deviceId: event.target.value, metric: '' })}
        >
          <option value="">{text('system.choose')}</option>
          {devices.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </SelectField>
      </div>
      <div className={styles.field}>
        <SelectField
          label={text('system.metric')}
          value={draft.metric}
          onChange={(event) => onChange({ metric: event.target.value })}
        >
          <option value="">{text('system.choose')}</option>
          {known.toSorted().map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </SelectField>
      </div>
      {field('from', text('range.from'), { type: 'datetime-local' })}
      {field('to', text('range.to'), { type: 'datetime-local' })}
      <div className={styles.field}>
        <SelectField
          label={text('system.repair_operation')}
          value={draft.operation}
          onChange={(event) => onChange({ operation: event.target.value as RepairDraft['operation'] })}
        >
          {OPERATIONS.map((operation) => (
            <option key={operation} value={operation}>
              {text(`system.repair_${operation}`)}
            </option>
          ))}
        </SelectField>
      </div>
      {draft.operation === 'scale' ? field('factor', text('system.repair_factor'), number) : null}
      {draft.operation === 'scale' ? field('offset', text('system.repair_offset'), number) : null}
      {draft.operation === 'set' ? field('value', text('system.value'), number) : null}
      {draft.operation === 'shift' ? field('seconds', text('system.repair_seconds'), number) : null}
      {field('reason', text('system.repair_reason'), { maxLength: 500 })}
    </div>
  );
}

type InputProps = Omit<ComponentProps<'input'>, 'name' | 'onChange'>;

interface DraftFieldProps extends FieldsProps {
  readonly name: keyof RepairDraft;
  readonly label: string;
}

function DraftField({ name, draft, onChange, ...props }: DraftFieldProps & InputProps) {
  return (
    <div className={styles.field}>
      <TextField {...props} value={draft[name]} onChange={(event) => onChange({ [name]: event.target.value })} />
    </div>
  );
}

function Preview({ preview }: { readonly preview: RepairPreview }) {
  const text = useText();
  const { before, after, unit, warnings } = preview;
  const inputOf = ({ timestamps, value }: RepairPreview['before']): SeriesInput => ({
    times: timestamps.map((at) => Date.parse(at)),
    values: value,
    gapMs: Number.POSITIVE_INFINITY,
  });
  const inputs = [inputOf(before), inputOf(after)];
  const times = inputs.flatMap((input) => input.times);
  return (
    <section aria-label={text('system.repair_preview')}>
      <p role="status">
        {[
          text('system.repair_changed', { count: preview.changed }),
          text('system.repair_removed', { count: preview.removed }),
          text('system.repair_added', { count: preview.added }),
        ].join(', ')}
      </p>
      {warnings.map((warning) => (
        <WarningLine key={warning}>{warning}</WarningLine>
      ))}
      {times.length > 1 ? (
        <TimeChart
          label={text('system.repair_chart')}
          window={{ start: Math.min(...times), end: Math.max(...times) }}
          frame={alignSeries(inputs)}
          series={[
            { key: 'before', label: text('system.repair_before'), colour: 'load', unit, dashed: true },
            { key: 'after', label: text('system.repair_after'), colour: 'series-1', unit },
          ]}
          height={180}
        />
      ) : null}
    </section>
  );
}
