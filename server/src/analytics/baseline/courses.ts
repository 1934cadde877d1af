import { HOURS_PER_DAY, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';

/** Columns and the roughness of each: the sum of its squared numbers of cycles per day and per year, which scales its penalty. */
export interface Courses {
  readonly columns: readonly Float64Array[];
  readonly roughness: readonly number[];
}

/**
 * Harmonics of the day and of the year. For products of both, the product of the orders is limited (hyperbolic cross: Smolyak 1963), since
 * daily profiles change slowly with the season.
 */
const ORDERS = [1, 2, 3, 4, 5, 6, 7, 8] as const;
const MAX_ORDER_PRODUCT = 8;
/** Additional harmonics of the year for weekends. */
const WEEKEND_ORDERS = [1, 2] as const;
/** The mean Gregorian year. */
const YEAR_MS = 365.2425 * UTC_DAY_MS;
const FIRST_HOUR_OF_WEEKEND = 120;
/** Penalty of the temperature courses relative to the seasonal ones: the response to temperature changes faster by hour of day. */
const WARMTH = 0.1;

/** The effect of a degree by hour of day, for each kind of degrees. */
export function warmthByHour(degrees: readonly Float64Array[], hourOfWeek: Float64Array): Courses {
  const day = wavesOf(hourOfWeek, HOURS_PER_DAY, ORDERS);
  return {
    columns: degrees.flatMap((kind) => day.map(({ wave }) => product(kind, wave))),
    roughness: degrees.flatMap(() => day.map(({ order }) => WARMTH * order ** 2)),
  };
}

/** The season by hour of day, with an additional effect on weekends. */
export function seasonByHour(starts: Float64Array, hourOfWeek: Float64Array): Courses {
  const year = wavesOf(starts, YEAR_MS, ORDERS);
  const day = wavesOf(hourOfWeek, HOURS_PER_DAY, ORDERS);
  const weekend = hourOfWeek.map((hour) => (hour >= FIRST_HOUR_OF_WEEKEND ? 5 / 7 : -2 / 7));
  const both = year.flatMap((slow) =>
    day.filter((fast) => slow.order * fast.order <= MAX_ORDER_PRODUCT).map((fast) => ({ slow, fast })),
  );
  const weekends = wavesOf(starts, YEAR_MS, WEEKEND_ORDERS);
  return {
    columns: [
      ...year.map(({ wave }) => wave),
      ...both.map(({ slow, fast }) => product(slow.wave, fast.wave)),
      ...weekends.map(({ wave }) => product(wave, weekend)),
    ],
    roughness: [
      ...year.map(({ order }) => order ** 2),
      ...both.map(({ slow, fast }) => slow.order ** 2 + fast.order ** 2),
      ...weekends.map(({ order }) => order ** 2 + 1),
    ],
  };
}

/** Harmonics of the year. */
export function wavesOfYear(starts: Float64Array, orders: readonly number[]): Float64Array[] {
  return wavesOf(starts, YEAR_MS, orders).map(({ wave }) => wave);
}

/** Sine and cosine of each harmonic. */
function wavesOf(at: Float64Array, period: number, orders: readonly number[]) {
  return orders.flatMap((order) =>
    [Math.sin, Math.cos].map((wave) => ({ order, wave: at.map((x) => wave((2 * Math.PI * order * x) / period)) })),
  );
}

function product(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, i) => value * b[i]!);
}
