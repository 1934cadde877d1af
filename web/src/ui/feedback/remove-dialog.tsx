import { useMutation } from '@tanstack/react-query';
import { useServices, useText } from '../../app-context.tsx';
import { Button } from '../controls/button.tsx';
import { Modal } from './dialog.tsx';
import { ErrorNote } from './notice.tsx';

interface RemoveDialogProps {
  readonly title: string;
  readonly note: string;
  /** Name of the button; default: delete. */
  readonly action?: string;
  /** What is deleted, below `/api/v1`. */
  readonly path: string;
  /** Once it is gone: what showed it is to be asked anew. */
  readonly onRemoved: () => Promise<unknown>;
  readonly onClose: () => void;
}

/** Asks before something is deleted. */
export function RemoveDialog({ title, note, action, path, onRemoved, onClose }: RemoveDialogProps) {
  const text = useText();
  const { api } = useServices();
  const remove = useMutation({
    mutationFn: () => api.delete(path),
    onSuccess: async () => {
      await onRemoved();
      onClose();
    },
  });
  return (
    <Modal
      open
      onClose={onClose}
      title={title}
      description={note}
      footer={
        <>
          <Button onClick={onClose}>{text('action.cancel')}</Button>
          <Button kind="danger" disabled={remove.isPending} onClick={() => remove.mutate()}>
            {action ?? text('action.delete')}
          </Button>
        </>
      }
    >
      {remove.isError ? <ErrorNote error={remove.error} /> : null}
    </Modal>
  );
}
