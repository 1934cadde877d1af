import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { undoRepair } from '@wattkeeper/contract/endpoints/quality.ts';
import type { Repair } from '@wattkeeper/contract/storage/repair.ts';
import { useState } from 'react';
import { useFormat, useQueries, useServices, useText } from '../../app-context.tsx';
import { Button } from '../../ui/controls/button.tsx';
import { ErrorNote } from '../../ui/feedback/notice.tsx';
import { QueryView } from '../../ui/feedback/query-view.tsx';
import { Panel } from '../../ui/layout/panel.tsx';
import { Table } from '../../ui/layout/table.tsx';
import { RepairDialog } from './repair-dialog.tsx';
import styles from './system.module.css';

const NOTHING_CHOSEN = { deviceId: '', metric: '' };

/** Repairs of stored samples, which can be undone. */
export function RepairsPanel() {
  const text = useText();
  const [open, setOpen] = useState(false);
  return (
    <Panel
      title={text('system.repairs')}
      note={text('system.repairs_note')}
      actions={<Button onClick={() => setOpen(true)}>{text('system.repair_new')}</Button>}
    >
      <QueryView query={useQuery(useQueries().repairs())} height="4rem">
        {(repairs) =>
          repairs.length === 0 ? (
            <p className={styles.quiet}>{text('system.no_repairs')}</p>
          ) : (
            <RepairTable repairs={repairs} />
          )
        }
      </QueryView>
      {open ? <RepairDialog series={NOTHING_CHOSEN} onClose={() => setOpen(false)} /> : null}
    </Panel>
  );
}

function RepairTable({ repairs }: { readonly repairs: readonly Repair[] }) {
  const text = useText();
  const format = useFormat();
  const { api } = useServices();
  const cache = useQueryClient();
  const undo = useMutation({
    mutationFn: (id: string) => api.call(undoRepair, { params: { id } }),
    onSuccess: () => cache.invalidateQueries(),
  });
  const head = [
    text('system.series_one'),
    text('system.repair_window'),
    text('system.action'),
    text('system.actor'),
    '',
  ];
  return (
    <>
      {undo.isError ? <ErrorNote error={undo.error} /> : null}
      <Table caption={text('system.repairs')} head={head} maxHeight="20rem">
        {repairs.map((repair) => (
          <tr key={repair.id}>
            <th scope="row">
              {repair.device_name}
              <div className={styles.quiet}>{repair.metric}</div>
            </th>
            <td>
              {format.dateTime(Date.parse(repair.time_period.start))}
              <div className={styles.quiet}>{format.dateTime(Date.parse(repair.time_period.end))}</div>
            </td>
            <td>
              {text(`system.repair_${repair.operation.type}`)}
              {repair.reason ? <div className={styles.quiet}>{repair.reason}</div> : null}
            </td>
            <td>
              {repair.actor}
              <div className={styles.quiet}>{format.dateTime(Date.parse(repair.created_at))}</div>
            </td>
            <td data-numeric>
              {repair.state === 'undone' ? (
                <span className={styles.quiet}>{text('system.repair_undone')}</span>
              ) : (
                <Button disabled={undo.isPending} onClick={() => undo.mutate(repair.id)}>
                  {text('system.repair_undo')}
                </Button>
              )}
            </td>
          </tr>
        ))}
      </Table>
    </>
  );
}
