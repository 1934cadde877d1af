import { MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import { hourOfDay } from '../../data/period.ts';
import { useSite } from '../../site-context.tsx';
import { useNow } from '../../ui/hooks/use-now.ts';

const NIGHT_FROM_H = 22;
const NIGHT_TO_H = 6;
const STEP_MS = MINUTE_MS;

/** Whether a wall display is dimmed: at night in the site's time zone. */
export function useNightDim(wall: boolean): boolean {
  const { timezone } = useSite();
  const hour = hourOfDay(useNow(STEP_MS), timezone);
  return wall && (hour >= NIGHT_FROM_H || hour < NIGHT_TO_H);
}
