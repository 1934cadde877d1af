import { useMutation } from '@tanstack/react-query';
import { useText } from '../../app-context.tsx';
import { Button } from '../controls/button.tsx';
import { Modal } from './dialog.tsx';
import { ErrorNote } from './notice.tsx';

interface RemoveDialogProps {
  readonly title: string;
  readonly note: string;
  /** Name of the button; default: delete. */
  readonly action?: string;
  readonly remove: () => Promise<unknown>;
  /** Called after the deletion, to refetch queries. */
  readonly onRemoved: () => Promise<unknown>;
  readonly onClose: () => void;
}

/** Asks for confirmation before a deletion. */
export function RemoveDialog({ title, note, action, remove, onRemoved, onClose }: RemoveDialogProps) {
  const text = useText();
  const removal = useMutation({
    mutationFn: remove,
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
          <Button kind="danger" disabled={removal.isPending} onClick={() => removal.mutate()}>
            {action ?? text('action.delete')}
          </Button>
        </>
      }
    >
      {removal.isError ? <ErrorNote error={removal.error} /> : null}
    </Modal>
  );
}
