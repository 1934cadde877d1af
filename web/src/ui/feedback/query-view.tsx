import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useFormat, useText } from '../../app-context.tsx';
import { ErrorNote, messageOf, WarningLine } from './notice.tsx';
import { Skeleton } from './skeleton.tsx';

interface QueryViewProps<T> {
  readonly query: UseQueryResult<T, Error>;
  readonly children: (data: T) => ReactNode;
  /** Height of the placeholder while loading. */
  readonly height?: string;
}

/** The result of a query; a placeholder while loading; its error with a retry; after a failed refetch, the last result with its age. */
export function QueryView<T>({ query, children, height = '10rem' }: QueryViewProps<T>) {
  const text = useText();
  const format = useFormat();
  if (query.data !== undefined) {
    return (
      <>
        {query.isError ? (
          <WarningLine>
            {text('stale.as_of', { time: format.clock(query.dataUpdatedAt), reason: messageOf(query.error) })}{' '}
          </WarningLine>
        ) : null}
        {children(query.data)}
      </>
    );
  }
  if (query.isError) return <ErrorNote error={query.error} onRetry={() => void query.refetch()} />;
  return <Skeleton height={height} />;
}
