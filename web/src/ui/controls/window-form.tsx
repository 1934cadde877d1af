import { type FormEvent, type ReactNode, useState } from 'react';
import { useText } from '../../app-context.tsx';
import { fromLocalField, toLocalField, type Window } from '../../data/period.ts';
import { useSite } from '../../site-context.tsx';
import { TextField } from './field.tsx';

interface WindowFormProps {
  readonly window: Window;
  readonly className: string | undefined;
  readonly onApply: (window: Window) => void;
  /** Follows the two fields: the submit button. */
  readonly children: ReactNode;
}

/** Fields for the start and the end of a period, in the time zone of the site. */
export function WindowForm({ window, className, onApply, children }: WindowFormProps) {
  const text = useText();
  const { timezone } = useSite();
  const [isReversed, setIsReversed] = useState(false);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const at = (name: string) => fromLocalField(String(form.get(name)), timezone);
    const [start, end] = [at('from'), at('to')];
    if (end > start) onApply({ start, end });
    else setIsReversed(true);
  };
  return (
    <form className={className} onSubmit={submit}>
      <TextField
        label={text('range.from')}
        name="from"
        type="datetime-local"
        defaultValue={toLocalField(window.start, timezone)}
        required
      />
      <TextField
        label={text('range.to')}
        name="to"
        type="datetime-local"
        defaultValue={toLocalField(window.end, timezone)}
        error={isReversed ? text('range.order') : undefined}
        required
      />
      {children}
    </form>
  );
}
