import { SECOND_MS } from '@wattkeeper/contract/durations.ts';
import { useSyncExternalStore } from 'react';

/** The current time in epoch milliseconds, to the second or a coarser step; the component renders once per step. */
export function useNow(stepMs = SECOND_MS): number {
  return useSyncExternalStore(
    (listener) => {
      const timer = setInterval(listener, Math.min(stepMs, 30 * SECOND_MS));
      return () => clearInterval(timer);
    },
    () => Math.floor(Date.now() / stepMs) * stepMs,
  );
}
