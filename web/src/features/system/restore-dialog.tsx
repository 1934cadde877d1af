import { useMutation } from '@tanstack/react-query';
import { MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import { restoreBackup } from '@wattkeeper/contract/endpoints/storage.ts';
import type { KeptBackup, RestoreRequest } from '@wattkeeper/contract/storage/backup.ts';
import { useFormat, useServices, useText } from '../../app-context.tsx';
import { fromLocalField, toLocalField } from '../../data/period.ts';
import { useSite } from '../../site-context.tsx';
import { CheckField, TextField } from '../../ui/controls/field.tsx';
import { FormDialog } from '../../ui/feedback/form-dialog.tsx';
import { useJobRefresh } from './jobs-panel.tsx';
import styles from './system.module.css';

interface RestoreDialogProps {
  readonly backup: KeptBackup;
  readonly onClose: () => void;
}

/** Asks for confirmation before a restore: of the backup alone, or with the journal history up to an instant. */
export function RestoreDialog({ backup, onClose }: RestoreDialogProps) {
  const text = useText();
  const format = useFormat();
  const { api } = useServices();
  const { timezone } = useSite();
  const refresh = useJobRefresh();
  const madeAt = Date.parse(backup.started_at);
  const restore = useMutation({
    mutationFn: (request: Partial<RestoreRequest>) =>
      api.call(restoreBackup, { params: { name: backup.name }, body: request }),
    onSuccess: async () => {
      await refresh();
      onClose();
    },
  });
  const submit = (form: HTMLFormElement) => {
    const data = new FormData(form);
    const at = fromLocalField(String(data.get('at') ?? ''), timezone);
    restore.mutate({
      ...(Number.isNaN(at) ? {} : { at: new Date(at).toISOString() }),
      without_archive: data.get('without_archive') !== null,
    });
  };
  return (
    <FormDialog
      onClose={onClose}
      title={text('system.restore_title', { time: format.dateTime(madeAt) })}
      description={text('system.restore_note')}
      className={styles.restore}
      request={restore}
      onSubmit={submit}
      action={text('system.restore')}
      kind="danger"
    >
      <TextField
        label={text('system.restore_at')}
        hint={text('system.restore_at_hint')}
        name="at"
        type="datetime-local"
        min={toLocalField(madeAt + MINUTE_MS, timezone)}
      />
      <CheckField label={text('system.restore_without_archive')} name="without_archive" />
    </FormDialog>
  );
}
