import { useQuery } from '@tanstack/react-query';
import { RotateCw, Unplug } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useQueries, useText } from '../../app-context.tsx';
import { Button } from '../../ui/controls/button.tsx';
import { EmptyNote } from '../../ui/feedback/notice.tsx';

const ASK_EVERY_MS = 2000;
/** Storage key of the instant of the last automatic reload. */
const RELOADED_KEY = 'wattkeeper.reloaded-at';
/** A page that fails again within this time after a reload is not reloaded, to avoid an endless loop. */
const RELOAD_AGAIN_MS = 30_000;

/** Recovers when the server answers; the user can retry immediately. */
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

/** Reloads the app, because a browser caches the failed import of a part until then. */
export function reloadApp(): void {
  sessionStorage.setItem(RELOADED_KEY, String(Date.now()));
  location.reload();
}

/** Whether the app was reloaded a moment ago, so that another reload would not help. */
export function wasJustReloaded(): boolean {
  return Date.now() - Number(sessionStorage.getItem(RELOADED_KEY)) < RELOAD_AGAIN_MS;
}
