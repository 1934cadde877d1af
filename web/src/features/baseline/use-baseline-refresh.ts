import { useQueryClient } from '@tanstack/react-query';

/** Asks for everything about a machine's baseline anew; answers that are still on their way are too old. */
export function useBaselineRefresh(machineId: string): () => Promise<void> {
  const cache = useQueryClient();
  return async () => {
    const queryKey = ['baseline', machineId];
    await cache.cancelQueries({ queryKey });
    await cache.invalidateQueries({ queryKey });
  };
}
