import { type FormEvent, type ReactNode, useId } from 'react';
import { useText } from '../../app-context.tsx';
import { Button } from '../controls/button.tsx';
import { Modal, type ModalProps } from './dialog.tsx';
import { ErrorNote } from './notice.tsx';

interface FormDialogProps extends Omit<ModalProps, 'open' | 'footer'> {
  readonly className: string | undefined;
  /** The request that the form sends. */
  readonly request: { readonly isPending: boolean; readonly error: Error | null };
  readonly onSubmit: (form: HTMLFormElement) => void;
  /** Label of the submit button; default: Save. */
  readonly action?: string;
  readonly kind?: 'primary' | 'danger';
  /** The form cannot be submitted as it is. */
  readonly blocked?: boolean;
  /** The form checks its fields itself, instead of the browser. */
  readonly noValidate?: boolean;
  /** Precedes the buttons. */
  readonly note?: ReactNode;
}

/** A dialog with one form, the error of its request, and buttons to cancel and to submit. */
export function FormDialog(props: FormDialogProps) {
  const { className, request, onSubmit, action, kind = 'primary', blocked = false, noValidate = false, note } = props;
  const text = useText();
  const id = useId();
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    onSubmit(event.currentTarget);
  };
  return (
    <Modal
      {...props}
      open
      footer={
        <>
          {note}
          <Button onClick={props.onClose}>{text('action.cancel')}</Button>
          <Button type="submit" form={id} kind={kind} disabled={blocked || request.isPending}>
            {action ?? text('action.save')}
          </Button>
        </>
      }
    >
      <form id={id} className={className} onSubmit={submit} noValidate={noValidate}>
        {request.error ? <ErrorNote error={request.error} /> : null}
        {props.children}
      </form>
    </Modal>
  );
}
