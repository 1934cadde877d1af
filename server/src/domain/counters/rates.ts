import { HOUR_MS, MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import type { Series } from '../columns/frame.ts';
import type { Counter } from './counter.ts';

/**
 * Minimum update interval assumed for a counter, however often it is read; its growth is compared with the growth possible in this time.
 */
const UPDATE_MS = 15 * MINUTE_MS;
/** A rise above this multiple of the usual rate is suspicious: it is accepted if there is no better explanation. */
const SUSPICIOUS = 5;
/** A rise above this multiple of the usual rate is rejected. */
const REJECTED = 10;
/** A rise up to this multiple of the usual rate is consistent with it. */
const CERTAIN = 3;
/** Minimum number of rates, or samples, for the usual rate to limit growth. */
const MIN_RATES = 8;
const MIN_SAMPLES = 24;
const USUAL_QUANTILE = 0.9;
/** Minimum number of rises at a similar rate that are not due to chance. */
const REPEATED = 3;
/** Decreases up to this many steps of the counter are jitter. */
const JITTER_STEPS = 1.5;
/** A device may report a decrease up to its usual growth in this time, and at most a tenth of its value. */
const DIP_MS = HOUR_MS;
const DIP_SHARE = 0.1;
/** Rounding of doubles and of sums. */
const DOUBLE_ROUNDING = 1e-12;
const ROUNDING = 1e-9;

/** Statistics of a stretch of a counter: its resolution and its rates of growth. */
export class Pace {
  /** Resolution of the counter, 0 if there is none. */
  readonly step: number;
  /** Rate that 90 % of the rises do not exceed, per hour; NaN without an undoubted rise. */
  readonly usual: number;
  readonly #suspicious: number;
  readonly #maxRate: number;

  constructor(series: Series, counter: Counter) {
    this.step = stepOf(series.values);
    const isLong = series.values.length >= MIN_SAMPLES;
    const found = cleanRates(series, counter.behaviour === 'net');
    // With few rises, one may not be growth.
    const rates = isLong && found.length < MIN_RATES ? found.subarray(0, -1) : found;
    this.usual = rates.length === 0 ? Number.NaN : rates[Math.floor(USUAL_QUANTILE * (rates.length - 1))]!;
    // A rate that occurred repeatedly may occur again.
    const repeated = rates.at(-REPEATED) ?? 0;
    this.#suspicious = rates.length === 0 ? 0 : Math.max(SUSPICIOUS * this.usual, repeated);
    this.#maxRate = maxRateOf(counter, isLong || rates.length >= MIN_RATES ? this.usual || 0 : null, repeated);
  }

  /** Growth over a time that is unsuspicious. */
  expected(ms: number, height: number): number {
    return (this.#suspicious * ms) / HOUR_MS + this.noise(height);
  }

  /** Unsuspicious growth of a counter that may be updated less often than it is read. */
  ordinary(ms: number, height: number): number {
    return this.expected(Math.max(ms, UPDATE_MS), height);
  }

  /** Growth over a time that is consistent with the usual rate. */
  certain(ms: number): number {
    const usual = this.usual === this.usual ? this.usual : 0;
    return (CERTAIN * usual * ms) / HOUR_MS + 2 * this.step;
  }

  /** Consistent growth of a counter that may be updated less often than it is read. */
  tight(ms: number): number {
    return this.certain(Math.max(ms, UPDATE_MS));
  }

  /** Maximum growth over a time. */
  possible(ms: number, height: number): number {
    return (this.#maxRate * Math.max(ms, UPDATE_MS)) / HOUR_MS + this.noise(height);
  }

  /** Decrease that is jitter at any time. */
  noise(height: number): number {
    return Math.max(JITTER_STEPS * this.step, ROUNDING * Math.abs(height));
  }

  /** Decrease between consecutive samples that is jitter. */
  dip(ms: number, height: number, value: number): number {
    const isNear = ms <= DIP_MS && this.usual === this.usual;
    const dip = isNear ? Math.min((this.usual * DIP_MS) / HOUR_MS, DIP_SHARE * Math.abs(value)) : 0;
    return Math.max(dip, this.noise(height));
  }
}

function maxRateOf({ ratedRate, plausibleRate, trustedRate }: Counter, usual: number | null, repeated: number): number {
  // If the device is rated at 5 kW and the series grows at 50 kW for hours, the rating is wrong.
  if (ratedRate !== null) return Math.max(1.5 * ratedRate, 2 * (usual ?? 0));
  if (usual === null) return plausibleRate;
  return Math.min(plausibleRate, Math.max(REJECTED * usual, 1.5 * repeated, trustedRate));
}

/** Maximum number of differences used to find the resolution. */
const MAX_DIFFERENCES = 1000;
const MIN_DIFFERENCES = 3;
/** Minimum share of differences that are multiples of the step. */
const MULTIPLES = 0.95;
const PARTS = [1, 2, 5, 10, 20, 50, 100];

/** The step of which differences of consecutive values are multiples; 0 without one. */
function stepOf(values: Float64Array): number {
  const differences: number[] = [];
  let min = Number.POSITIVE_INFINITY;
  let highest = 0;
  for (let i = 1; i < values.length && differences.length < MAX_DIFFERENCES; i++) {
    highest = Math.max(highest, Math.abs(values[i]!));
    const difference = Math.abs(values[i]! - values[i - 1]!);
    if (difference <= DOUBLE_ROUNDING * highest) continue;
    differences.push(difference);
    min = Math.min(min, difference);
  }
  if (differences.length < MIN_DIFFERENCES) return 0;
  for (const parts of PARTS) {
    const step = min / parts;
    const multiples = differences.filter((difference) => isMultiple(difference / step)).length;
    if (multiples >= MULTIPLES * differences.length) return step <= highest / 3 ? step : 0;
  }
  return 0;
}

function isMultiple(ratio: number): boolean {
  return Math.abs(ratio - Math.round(ratio)) < 0.01;
}

/** Ascending rates of rises outside misreads, per hour: between samples of different quarter hours if there are enough. */
function cleanRates(series: Series, isNet: boolean): Float64Array {
  const { timestamps, values } = thinned(series);
  const changes: { readonly size: number; readonly ms: number }[] = [];
  // A counter with initial zeros may have been read before it had its value.
  let from = 0;
  while (from + 1 < values.length && values[from] === 0) from++;
  for (let i = from + 1; i < values.length; i++) {
    const size = values[i]! - values[i - 1]!;
    if (size !== 0) changes.push({ size, ms: timestamps[i]! - timestamps[i - 1]! });
  }
  const rates = changes.flatMap(({ size, ms }, i) => {
    if (size < 0 && !isNet) return [];
    return isExcursion(changes, i, 1) || isExcursion(changes, i, -1) ? [] : [(Math.abs(size) * HOUR_MS) / ms];
  });
  return Float64Array.from(rates).sort();
}

/** Maximum number of changes between the start and the end of an excursion. */
const MAX_EXCURSION_CHANGES = 6;

/** Whether the changes after (`direction` 1) or before (−1) a change reverse it. */
function isExcursion(changes: readonly { readonly size: number }[], at: number, direction: 1 | -1): boolean {
  const { size } = changes[at]!;
  let left = 1;
  for (let i = 1; i < MAX_EXCURSION_CHANGES; i++) {
    const change = changes[at + i * direction];
    if (change === undefined) return false;
    left += change.size / size;
    if (left >= -0.1 && left <= 0.5) return true;
  }
  return false;
}

/** The first sample of each quarter hour; all samples if too few remain. */
function thinned(series: Series): Series {
  const { timestamps, values } = series;
  const kept: number[] = [];
  let slot = Number.NaN;
  for (let i = 0; i < timestamps.length; i++) {
    const own = Math.floor(timestamps[i]! / UPDATE_MS);
    if (own !== slot) kept.push(i);
    slot = own;
  }
  if (kept.length < 4) return series;
  return {
    timestamps: Float64Array.from(kept, (i) => timestamps[i]!),
    values: Float64Array.from(kept, (i) => values[i]!),
  };
}
