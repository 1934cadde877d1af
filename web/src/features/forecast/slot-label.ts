import type { ForecastHorizon } from '@wattkeeper/contract/analytics/forecast.ts';
import { useCallback } from 'react';
import { useFormat } from '../../app-context.tsx';

/** Label of a slot: weekday and date for a day, weekday and time for a shorter slot. */
export function useSlotLabel(horizon: ForecastHorizon): (at: number) => string {
  const format = useFormat();
  return useCallback(
    (at) =>
      horizon === '7d'
        ? format.date(at, { weekday: 'short', day: 'numeric', month: 'short' })
        : format.date(at, { weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }),
    [format, horizon],
  );
}
