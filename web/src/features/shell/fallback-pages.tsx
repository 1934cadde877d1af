import { Link, useRouter } from '@tanstack/react-router';
import { MapPinOff } from 'lucide-react';
import { useText } from '../../app-context.tsx';
import { buttonClass } from '../../ui/button.tsx';
import { EmptyNote, ErrorNote } from '../../ui/notice.tsx';
import { PageBody } from '../../ui/page.tsx';
import { Skeleton } from '../../ui/skeleton.tsx';

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

/** What a page shows that broke; the rest of the app goes on. */
export function CrashPage({ error, reset }: { readonly error: unknown; readonly reset: () => void }) {
  const router = useRouter();
  const retry = () => {
    reset();
    void router.invalidate();
  };
  return (
    <PageBody>
      <ErrorNote error={error} onRetry={retry} />
    </PageBody>
  );
}

/** Where a page is on its way. */
export function LoadingPage() {
  return (
    <PageBody>
      <Skeleton height="2.5rem" />
      <Skeleton height="24rem" />
    </PageBody>
  );
}
