import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { useServices } from '../../app-context.tsx';

/** Query keys (first part) to refetch, by announced list. */
const QUERIES_OF: ReadonlyMap<string, readonly string[]> = new Map([
  ['devices', ['devices', 'machines', 'latest', 'summary', 'balance']],
  ['sites', ['sites', 'summary', 'balance', 'forecast']],
]);
const TOPICS = [...QUERIES_OF.keys()];

/** Refetches devices and sites when the server announces a change, on every page. */
export function useAnnouncements(): void {
  const { live } = useServices();
  const queryClient = useQueryClient();
  useEffect(
    () =>
      live.subscribe(TOPICS, {
        event: (topic) => refresh(queryClient, QUERIES_OF.get(topic) ?? []),
      }),
    [live, queryClient],
  );
}

/** A request in flight may have been answered before the change, so it is repeated after its response. */
function refresh(queryClient: QueryClient, keys: readonly string[]): void {
  for (const key of keys) {
    const filter = { queryKey: [key] };
    const waits = queryClient.isFetching({ ...filter, predicate: ({ state }) => state.data === undefined }) > 0;
    void queryClient.invalidateQueries(filter).then(() => (waits ? queryClient.invalidateQueries(filter) : undefined));
  }
}
