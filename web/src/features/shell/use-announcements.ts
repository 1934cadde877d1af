import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { useServices } from '../../app-context.tsx';

/** What shows a list that the server announces changes of, by the first part of the query's key. */
const QUERIES_OF: ReadonlyMap<string, readonly string[]> = new Map([
  ['devices', ['devices', 'machines', 'latest', 'summary', 'balance']],
  ['sites', ['sites', 'summary', 'balance', 'forecast']],
]);
const TOPICS = [...QUERIES_OF.keys()];

/** Asks again for devices and sites when the server announces a change, on whatever page. */
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

/** A question that is on its way may have been answered before the change: it is asked once more after its answer. */
function refresh(queryClient: QueryClient, keys: readonly string[]): void {
  for (const key of keys) {
    const filter = { queryKey: [key] };
    const waits = queryClient.isFetching({ ...filter, predicate: ({ state }) => state.data === undefined }) > 0;
    void queryClient.invalidateQueries(filter).then(() => (waits ? queryClient.invalidateQueries(filter) : undefined));
  }
}
