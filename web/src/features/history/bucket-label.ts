import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { useMemo } from 'react';
import { useFormat } from '../../app-context.tsx';

/** Label of an instant on the axis: the bucket around it, or the sample's time. */
export function useBucketLabel(widthMs: number): (at: number) => string {
  const format = useFormat();
  return useMemo(() => {
    if (widthMs === 0)
      return (at) => `${format.dateTime(at)}${format.date(at, { second: '2-digit' }).padStart(3, ':')}`;
    if (widthMs >= UTC_DAY_MS) return (at) => format.day(at);
    return (at) => `${format.dateTime(at - widthMs / 2)} – ${format.clock(at + widthMs / 2)}`;
  }, [format, widthMs]);
}
