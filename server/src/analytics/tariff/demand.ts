import { HOUR_MS, MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import { bucketEdges, dayOf, dayWindow } from '../../domain/time/site-time.ts';
import { intersect, type Window } from '../../domain/time/window.ts';
import type { PricedSlots } from './priced-slots.ts';

/** Averaging interval of the power that is charged. */
const DEMAND_SPAN_MS = 15 * MINUTE_MS;

/**
 * Charge for the maximum mean import power over a quarter hour of each calendar month, prorated for months that the window contains in
 * part. Slots wider than a quarter hour use their mean.
 */
export function demandCharge(pricePerKw: number, slots: PricedSlots, window: Window, timeZone: string): number {
  if (pricePerKw === 0 || window.end <= window.start) return 0;
  let charge = 0;
  const months = bucketEdges(window, '1mo', timeZone);
  for (let m = 0; m + 1 < months.length; m++) {
    const month = { start: months[m]!, end: months[m + 1]! };
    const part = intersect(month, window);
    if (part === null) continue;
    const share = (part.end - part.start) / (month.end - month.start);
    charge += pricePerKw * maxDemandKw(slots, part, timeZone) * share;
  }
  return charge;
}

/** Maximum mean import power over the quarter hours of the site's clock within a window, kW; 0 if unknown. */
export function maxDemandKw({ edges, importKwh }: PricedSlots, window: Window, timeZone: string): number {
  const anchor = dayWindow(dayOf(window.start, timeZone), timeZone).start;
  const quarterOf = (instant: number) => Math.floor((instant - anchor) / DEMAND_SPAN_MS);
  let max = 0;
  for (let s = 0; s + 1 < edges.length; ) {
    const start = edges[s]!;
    let end = edges[s + 1]!;
    let kwh = importKwh[s]!;
    let next = s + 1;
    while (next + 1 < edges.length && quarterOf(edges[next]!) === quarterOf(start)) {
      kwh += importKwh[next]!;
      end = edges[++next]!;
    }
    const inside = start >= window.start && end <= window.end;
    const hours = Math.max(end - start, DEMAND_SPAN_MS) / HOUR_MS;
    if (inside && kwh / hours > max) max = kwh / hours;
    s = next;
  }
  return max;
}
