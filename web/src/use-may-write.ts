import { useQuery } from '@tanstack/react-query';
import { useQueries } from './app-context.tsx';

/** Whether the signed-in user has write permission; buttons for forbidden actions are hidden. */
export function useMayWrite(): boolean {
  return useQuery(useQueries().me()).data?.scopes.includes('write') ?? false;
}
