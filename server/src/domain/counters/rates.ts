import { HOUR_MS, MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import type { Series } from '../columns/frame.ts';
import type { Counter } from './counter.ts';

/** A counter may be updated this seldom, however often it is read: what it grew by is held against at least this time. */
const UPDATE_MS = 15 * MINUTE_MS;
/** A rise by more than this many times the usual rate is suspicious: it is believed where nothing explains it better. */
const SUSPICIOUS = 5;
/** A rise by more than this many times the usual rate is not believed. */
const UNBELIEVED = 10;
/** A rise by up to this many times the usual rate agrees with it. */
const CERTAIN = 3;
/** Rates, or samples, from which on the usual rate limits what is believed. */
const MIN_RATES = 8;
const MIN_SAMPLES = 24;
const USUAL_QUANTILE = 0.9;
/** Rises at a rate that are no chance. */
const REPEATED = 3;
/** Falls by this many steps of the counter are jitter. */
const JITTER_STEPS = 1.5;
/** A device may report a step back by what it usually counts within this time, and a tenth of its height at most. */
const DIP_MS = HOUR_MS;
const DIP_SHARE = 0.1;
/** Rounding of doubles, and of what was summed up. */
const DOUBLE_ROUNDING = 1e-12;
const ROUNDING = 1e-9;

/** What a stretch of a counter says about itself: the steps it counts in and the rates it grows at. */
export class Pace {
  /** Step in which the counter counts, 0 where there is none. */
  readonly step: number;
  /** Rate that nine of ten rises stay below, per hour; NaN where no rise is beyond doubt. */
  readonly usual: number;
  readonly #suspicious: number;
  readonly #believed: number;

  constructor(series: Series, counter: Counter) {
    this.step = stepOf(series.values);
    const isLong = series.values.length >= MIN_SAMPLES;
    const found = cleanRates(series, counter.behaviour === 'net');
    // Of a few rises one may be no growth.
    const rates = isLong && found.length < MIN_RATES ? found.subarray(0, -1) : found;
    this.usual = rates.length === 0 ? Number.NaN : rates[Math.floor(USUAL_QUANTILE * (rates.length - 1))]!;
    // What the counter did several times it can do again.
    const repeated = rates.at(-REPEATED) ?? 0;
    this.#suspicious = rates.length === 0 ? 0 : Math.max(SUSPICIOUS * this.usual, repeated);
    this.#believed = believedRate(counter, isLong || rates.length >= MIN_RATES ? this.usual || 0 : null, repeated);
  }

  /** Growth over a time that is nothing special. */
  expected(ms: number, height: number): number {
    return (this.#suspicious * ms) / HOUR_MS + this.noise(height);
  }

  /** The same, for a counter that may be updated more seldom than it is read. */
  ordinary(ms: number, height: number): number {
    return this.expected(Math.max(ms, UPDATE_MS), height);
  }

  /** Growth over a time that agrees with the usual rate. */
  certain(ms: number): number {
    const usual = this.usual === this.usual ? this.usual : 0;
    return (CERTAIN * usual * ms) / HOUR_MS + 2 * this.step;
  }

  /** The same, for a counter that may be updated more seldom than it is read. */
  tight(ms: number): number {
    return this.certain(Math.max(ms, UPDATE_MS));
  }

  /** Growth over a time that the device can do. */
  possible(ms: number, height: number): number {
    return (this.#believed * Math.max(ms, UPDATE_MS)) / HOUR_MS + this.noise(height);
  }

  /** Step back that is jitter whatever the time. */
  noise(height: number): number {
    return Math.max(JITTER_STEPS * this.step, ROUNDING * Math.abs(height));
  }

  /** Step back between neighbours that is jitter. */
  dip(ms: number, height: number, value: number): number {
    const isNear = ms <= DIP_MS && this.usual === this.usual;
    const dip = isNear ? Math.min((this.usual * DIP_MS) / HOUR_MS, DIP_SHARE * Math.abs(value)) : 0;
    return Math.max(dip, this.noise(height));
  }
}

function believedRate(
  { ratedRate, plausibleRate, trustedRate }: Counter,
  usual: number | null,
  repeated: number,
): number {
  // A plate says 5 kW where the series grows at 50 kW for hours: the plate is wrong.
  if (ratedRate !== null) return Math.max(1.5 * ratedRate, 2 * (usual ?? 0));
  if (usual === null) return plausibleRate;
  return Math.min(plausibleRate, Math.max(UNBELIEVED * usual, 1.5 * repeated, trustedRate));
}

/** Greatest number of differences that are looked at to find the step. */
const MAX_DIFFERENCES = 1000;
const MIN_DIFFERENCES = 3;
/** Share of the differences that are multiples of the step. */
const MULTIPLES = 0.95;
const PARTS = [1, 2, 5, 10, 20, 50, 100];

/** The step that differences of neighbours are multiples of; 0 where there is none. */
function stepOf(values: Float64Array): number {
  const differences: number[] = [];
  let least = Number.POSITIVE_INFINITY;
  let highest = 0;
  for (let i = 1; i < values.length && differences.length < MAX_DIFFERENCES; i++) {
    highest = Math.max(highest, Math.abs(values[i]!));
    const difference = Math.abs(values[i]! - values[i - 1]!);
    if (difference <= DOUBLE_ROUNDING * highest) continue;
    differences.push(difference);
    least = Math.min(least, difference);
  }
  if (differences.length < MIN_DIFFERENCES) return 0;
  for (const parts of PARTS) {
    const step = least / parts;
    const multiples = differences.filter((difference) => isMultiple(difference / step)).length;
    if (multiples >= MULTIPLES * differences.length) return step <= highest / 3 ? step : 0;
  }
  return 0;
}

function isMultiple(ratio: number): boolean {
  return Math.abs(ratio - Math.round(ratio)) < 0.01;
}

/** Ascending rates of rises that are no part of a misread, per hour: between samples of different quarter hours where there are enough. */
function cleanRates(series: Series, isNet: boolean): Float64Array {
  const { timestamps, values } = thinned(series);
  const changes: { readonly size: number; readonly ms: number }[] = [];
  // A counter that begins with zeros may have been read before it knew its level.
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

/** Changes among which one that begins or ends an excursion is taken back. */
const MAX_EXCURSION_CHANGES = 6;

/** Whether the changes after (`direction` 1) or before (-1) one take it back. */
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

/** The first sample of each quarter hour; all where that leaves too few. */
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
