import { useQuery } from '@tanstack/react-query';
import { RotateCw, Unplug } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useQueries, useText } from '../../app-context.tsx';
import { Button } from '../../ui/controls/button.tsx';
import { EmptyNote } from '../../ui/feedback/notice.tsx';

const ASK_EVERY_MS = 2000;
/** Key of the instant of the last automatic reload. */
const RELOADED_KEY = 'wattkeeper.reloaded-at';
/** A page that fails again so soon after a reload is not reloaded by the app, which would go on for ever. */
const RELOAD_AGAIN_MS = 30_000;

/** Waits until the server answers, and then recovers; the reader can do so at once. */
export function Recovery({ onRecover }: { readonly onRecover: () => void }) {
  const text = useText();
  const [since] = useState(() => Date.now());
  const { dataUpdatedAt } = useQuery({
    ...useQueries().health(),
    refetchInterval: ASK_EVERY_MS,
    staleTime: 0,
    retry: false,
  });
  const answers = dataUpdatedAt > since;
  useEffect(() => {
    if (answers) onRecover();
  }, [answers, onRecover]);
  return (
    <EmptyNote title={text('error.unreachable')} icon={Unplug}>
      <p role="status">{text('error.recovers')}</p>
      <Button icon={RotateCw} onClick={onRecover}>
        {text('action.retry')}
      </Button>
    </EmptyNote>
  );
}

/** Loads the app again: a browser keeps the failure of a part until then. */
export function reloadApp(): void {
  sessionStorage.setItem(RELOADED_KEY, String(Date.now()));
  location.reload();
}

/** Whether the app was loaded again just before, so that another time would not help. */
export function wasJustReloaded(): boolean {
  return Date.now() - Number(sessionStorage.getItem(RELOADED_KEY)) < RELOAD_AGAIN_MS;
}
