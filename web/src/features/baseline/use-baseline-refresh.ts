import { useQueryClient } from '@tanstack/react-query';

/** Refetches every query about a machine's baseline; cancels requests in flight, whose responses would be outdated. */
export function useBaselineRefresh(machineId: string): () => Promise<void> {
  const cache = useQueryClient();
  return async () => {
    const queryKey = ['baseline', machineId];
    await cache.cancelQueries({ queryKey });
    await cache.invalidateQueries({ queryKey });
  };
}
