import { useQuery } from '@tanstack/react-query';
import { useQueries } from './app-context.tsx';

/** Whether who is signed in may change things: nobody is shown a button that would be refused. */
export function useMayWrite(): boolean {
  return useQuery(useQueries().me()).data?.scopes.includes('write') ?? false;
}
