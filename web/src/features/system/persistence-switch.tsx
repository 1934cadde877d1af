import { useMutation, useQueryClient } from '@tanstack/react-query';
import { switchFeature } from '@wattkeeper/contract/endpoints/settings.ts';
import type { FeatureChange } from '@wattkeeper/contract/service.ts';
import { useServices, useText } from '../../app-context.tsx';
import { Button } from '../../ui/controls/button.tsx';
import { Modal } from '../../ui/feedback/dialog.tsx';
import { ErrorNote } from '../../ui/feedback/notice.tsx';
import { ProgressBar } from '../../ui/feedback/progress.tsx';
import styles from './system.module.css';

interface PersistenceDialogProps {
  readonly enable: boolean;
  readonly onClose: () => void;
}

/** Asks for confirmation before persistence is switched on or off. */
export function PersistenceDialog({ enable, onClose }: PersistenceDialogProps) {
  const text = useText();
  const { api } = useServices();
  const cache = useQueryClient();
  const change = useMutation({
    mutationFn: () => api.call(switchFeature, { params: { name: 'persistence' }, body: { enabled: enable } }),
    onSuccess: async () => {
      await cache.invalidateQueries();
      onClose();
    },
  });
  return (
    <Modal
      open
      onClose={onClose}
      title={text(enable ? 'persistence.on_title' : 'persistence.off_title')}
      description={text(enable ? 'persistence.on_note' : 'persistence.off_note')}
      footer={
        <>
          <Button onClick={onClose}>{text('action.cancel')}</Button>
          <Button kind="primary" disabled={change.isPending} onClick={() => change.mutate()}>
            {text(enable ? 'persistence.on' : 'persistence.off')}
          </Button>
        </>
      }
    >
      {change.isError ? <ErrorNote error={change.error} /> : null}
    </Modal>
  );
}

/** Progress and outcome of writing the memory's history to disk. */
export function MoveToDisk({ change }: { readonly change: FeatureChange }) {
  const text = useText();
  if (change.state === 'running') {
    return (
      <div role="status">
        <ProgressBar label={text('persistence.progress')} share={change.progress} />
        <span className={styles.quiet}>{text(`persistence.step.${change.step}`)}</span>
      </div>
    );
  }
  if (change.state === 'succeeded') {
    return (
      <div role="status" className={styles.quiet}>
        {text('persistence.succeeded')}
      </div>
    );
  }
  return (
    <div role="alert" className={styles.failed}>
      {text('persistence.failed', { reason: change.error ?? '' })}
    </div>
  );
}
