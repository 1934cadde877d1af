import { MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import type { Tariff } from '@wattkeeper/contract/tariff.ts';
import { type Window, zoned } from './period.ts';

export interface PricedInterval extends Window {
  readonly price: number;
}

type Bands = Extract<Tariff['import_price'], { type: 'time_of_use' }>;
type Band = Bands['bands'][number];

const QUARTER_MS = 15 * MINUTE_MS;
/** A longer window is not computed by quarter hours. */
const MAX_QUARTERS = 4 * 24 * 40;

/**
 * The price of a kWh over a window, equal neighbours joined. Empty for dynamic and tiered tariffs, whose price does
 * not depend on the clock.
 */
export function clockPrices(tariff: Tariff, window: Window, zone: string): PricedInterval[] {
  const price = tariff.import_price;
  if (price.type === 'flat') return [{ ...window, price: price.price_per_kwh }];
  if (price.type !== 'time_of_use' || (window.end - window.start) / QUARTER_MS > MAX_QUARTERS) return [];
  const intervals: PricedInterval[] = [];
  for (let at = window.start; at < window.end; at += QUARTER_MS) {
    const { price_per_kwh } = bandAt(price, at, zone);
    const end = Math.min(at + QUARTER_MS, window.end);
    const last = intervals.at(-1);
    if (last && last.price === price_per_kwh) intervals[intervals.length - 1] = { ...last, end };
    else intervals.push({ start: at, end, price: price_per_kwh });
  }
  return intervals;
}

/** The band of an instant: the first that matches, else the default band. */
export function bandAt(price: Bands, epochMs: number, zone: string): { name: string; price_per_kwh: number } {
  const at = zoned(epochMs, zone);
  const clock = at.toPlainTime().toString().slice(0, 5);
  // A band past midnight belongs to the day on which it began.
  const began = { today: at.toPlainDate(), before: at.toPlainDate().subtract({ days: 1 }) };
  const fits = (band: Band) => {
    const overnight = band.to <= band.from;
    if (!overnight) return clock >= band.from && clock < band.to && dayFits(band, began.today, price.holidays);
    if (clock >= band.from) return dayFits(band, began.today, price.holidays);
    return clock < band.to && dayFits(band, began.before, price.holidays);
  };
  return price.bands.find(fits) ?? price.otherwise;
}

function dayFits(band: Band, day: { dayOfWeek: number; toString(): string }, holidays: readonly string[]): boolean {
  const date = day.toString();
  const holiday = holidays.includes(date);
  if (band.holidays === 'only' && !holiday) return false;
  if (band.holidays === 'exclude' && holiday) return false;
  if (band.weekdays && !band.weekdays.includes(day.dayOfWeek)) return false;
  if (!band.season) return true;
  const { from, to } = band.season;
  const monthDay = date.slice(5);
  return from <= to ? monthDay >= from && monthDay <= to : monthDay >= from || monthDay <= to;
}
