import { Link, useRouter } from '@tanstack/react-router';
import { ApiProblem } from '@wattkeeper/contract/api-problem.ts';
import { MapPinOff } from 'lucide-react';
import { useCallback } from 'react';
import { useText } from '../../app-context.tsx';
import { PartUnavailable } from '../../load-part.ts';
import { buttonClass } from '../../ui/controls/button.tsx';
import { EmptyNote, ErrorNote } from '../../ui/feedback/notice.tsx';
import { Skeleton } from '../../ui/feedback/skeleton.tsx';
import { PageBody } from '../../ui/layout/page.tsx';
import { Recovery, reloadApp, wasJustReloaded } from './recovery.tsx';

/** A page that does not exist. */
export function NotFoundPage() {
  const text = useText();
  return (
    <PageBody>
      <title>{`${text('not_found.title')} · Wattkeeper`}</title>
      <EmptyNote title={text('not_found.title')} icon={MapPinOff}>
        <p>{text('not_found.hint')}</p>
        <Link to="/now" className={buttonClass('primary')}>
          {text('not_found.home')}
        </Link>
      </EmptyNote>
    </PageBody>
  );
}

/** Shown in place of a failed page, while other pages work. If the server was unreachable, the page reloads when it answers. */
export function CrashPage({ error, reset }: { readonly error: unknown; readonly reset: () => void }) {
  const router = useRouter();
  const isPart = error instanceof PartUnavailable;
  const recover = useCallback(() => {
    if (isPart) return reloadApp();
    reset();
    void router.invalidate();
  }, [isPart, reset, router]);
  const recovers = isPart ? !wasJustReloaded() : error instanceof ApiProblem && error.temporary;
  return (
    <PageBody>{recovers ? <Recovery onRecover={recover} /> : <ErrorNote error={error} onRetry={recover} />}</PageBody>
  );
}

/** Shown while a page loads. */
export function LoadingPage() {
  return (
    <PageBody>
      <Skeleton height="2.5rem" />
      <Skeleton height="24rem" />
    </PageBody>
  );
}
