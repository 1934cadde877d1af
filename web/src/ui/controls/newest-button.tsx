import { useFormat, useText } from '../../app-context.tsx';
import { Button } from './button.tsx';

/** For an empty period: shows the newest data. */
export function NewestButton({ at, onGo }: { readonly at: number; readonly onGo: () => void }) {
  const text = useText();
  const format = useFormat();
  return (
    <p>
      <Button onClick={onGo}>{text('action.newest', { day: format.day(at) })}</Button>
    </p>
  );
}
