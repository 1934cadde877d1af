import { useMutation, useQuery } from '@tanstack/react-query';
import { makeBackup, verifyBackup } from '@wattkeeper/contract/endpoints/storage.ts';
import type { KeptBackup } from '@wattkeeper/contract/storage/backup.ts';
import { useState } from 'react';
import { useFormat, useQueries, useServices, useText } from '../../app-context.tsx';
import { Button } from '../../ui/controls/button.tsx';
import { ErrorNote } from '../../ui/feedback/notice.tsx';
import { QueryView } from '../../ui/feedback/query-view.tsx';
import { Panel } from '../../ui/layout/panel.tsx';
import { Table } from '../../ui/layout/table.tsx';
import { useJobRefresh } from './jobs-panel.tsx';
import { RestoreDialog } from './restore-dialog.tsx';
import styles from './system.module.css';

/** Backups: create, verify by a test restore, restore. */
export function BackupsPanel() {
  const text = useText();
  const { api } = useServices();
  const refresh = useJobRefresh();
  const [restoring, setRestoring] = useState<KeptBackup | null>(null);
  const make = useMutation({ mutationFn: () => api.call(makeBackup), onSuccess: refresh });
  return (
    <Panel
      title={text('system.backups')}
      note={text('system.backups_note')}
      actions={
        <Button kind="primary" disabled={make.isPending} onClick={() => make.mutate()}>
          {text('system.back_up')}
        </Button>
      }
    >
      {make.isError ? <ErrorNote error={make.error} /> : null}
      <QueryView query={useQuery(useQueries().backups())} height="5rem">
        {(backups) =>
          backups.length === 0 ? (
            <p className={styles.quiet}>{text('system.no_backups')}</p>
          ) : (
            <BackupTable backups={backups} onRestore={setRestoring} />
          )
        }
      </QueryView>
      {restoring ? <RestoreDialog backup={restoring} onClose={() => setRestoring(null)} /> : null}
    </Panel>
  );
}

interface BackupTableProps {
  readonly backups: readonly KeptBackup[];
  readonly onRestore: (backup: KeptBackup) => void;
}

function BackupTable({ backups, onRestore }: BackupTableProps) {
  const text = useText();
  const format = useFormat();
  const { api } = useServices();
  const refresh = useJobRefresh();
  const verify = useMutation({
    mutationFn: (name: string) => api.call(verifyBackup, { params: { name } }),
    onSuccess: refresh,
  });
  const head = [
    text('system.time'),
    { label: text('system.size'), numeric: true },
    { label: text('system.values'), numeric: true },
    text('system.verified'),
    '',
  ];
  return (
    <>
      {verify.isError ? <ErrorNote error={verify.error} /> : null}
      <Table caption={text('system.backups')} head={head} maxHeight="20rem">
        {backups.map((backup) => {
          const { value, unit } = format.bytes(backup.bytes);
          return (
            <tr key={backup.name}>
              <th scope="row">
                {format.dateTime(Date.parse(backup.started_at))}
                {backup.copied_to ? (
                  <div className={styles.quiet}>
                    {text(backup.local ? 'system.copied_to' : 'system.only_in', { place: backup.copied_to })}
                  </div>
                ) : null}
                {backup.archive?.objects ? (
                  <div className={styles.quiet}>
                    {text(backup.archive.included ? 'system.archive_included' : 'system.archive_needed', {
                      count: backup.archive.objects,
                    })}
                  </div>
                ) : null}
                {backup.encrypted ? <div className={styles.quiet}>{text('system.encrypted')}</div> : null}
              </th>
              <td data-numeric>{`${value} ${unit}`}</td>
              <td data-numeric>{format.number(backup.values)}</td>
              <td className={backup.problem ? styles.failed : undefined}>
                {backup.problem ??
                  (backup.verified_at ? format.dateTime(Date.parse(backup.verified_at)) : text('system.never'))}
              </td>
              <td data-numeric>
                <div className={styles.rowActions}>
                  <Button disabled={verify.isPending} onClick={() => verify.mutate(backup.name)}>
                    {text('system.verify')}
                  </Button>
                  <Button onClick={() => onRestore(backup)}>{text('system.restore')}</Button>
                </div>
              </td>
            </tr>
          );
        })}
      </Table>
    </>
  );
}
