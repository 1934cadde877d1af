import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import { useMemo } from 'react';
import type { Window } from '../../data/period.ts';
import { windowOfRange } from '../../data/range.ts';
import type { RangeSearch } from '../../data/range-search.ts';
import { useSite } from '../../site-context.tsx';
import { useNow } from './use-now.ts';

/** The window of the range in the address; it moves hourly. */
export function useRange({ days, unit, day, from, to }: RangeSearch, defaultDays: number): Window {
  const { timezone } = useSite();
  const now = useNow(HOUR_MS);
  return useMemo(
    () =>
      windowOfRange(
        {
          ...(days && { days }),
          ...(unit && { unit }),
          ...(day && { day }),
          ...(from !== undefined && to && { from, to }),
        },
        now,
        timezone,
        defaultDays,
      ),
    [days, unit, day, from, to, now, timezone, defaultDays],
  );
}
