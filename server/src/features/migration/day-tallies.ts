import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { InvalidInput } from '../../domain/errors.ts';

/** The number of samples, their first and last instant, and a checksum that does not depend on their order. */
export interface Tally {
  count: number;
  first: number;
  last: number;
  /** Sums of two hashes of each sample, modulo 2³². */
  low: number;
  high: number;
}

export function emptyTally(): Tally {
  return { count: 0, first: Number.POSITIVE_INFINITY, last: Number.NEGATIVE_INFINITY, low: 0, high: 0 };
}

const pair = new Float64Array(2);
const words = new Uint32Array(pair.buffer);

/** Adds a sample. −0 and 0 are one value, since not every engine distinguishes them. */
export function addSample(tally: Tally, instant: number, value: number): void {
  pair[0] = instant;
  pair[1] = value + 0;
  let low = 0x9e3779b9;
  let high = 0x85ebca6b;
  for (let i = 0; i < 4; i++) {
    low = mixed(low ^ words[i]!);
    high = mixed(high + Math.imul(words[i]!, 0xc2b2ae35) + i);
  }
  tally.count++;
  if (instant < tally.first) tally.first = instant;
  if (instant > tally.last) tally.last = instant;
  tally.low = (tally.low + low) >>> 0;
  tally.high = (tally.high + high) >>> 0;
}

/** The finaliser of MurmurHash3 (Appleby 2011): every bit of the input changes half of the output's. */
function mixed(word: number): number {
  let h = word;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Whether a tally is the sum of two others without a common sample. */
export function isSum(whole: Tally, a: Tally, b: Tally): boolean {
  return (
    whole.count === a.count + b.count &&
    whole.first === Math.min(a.first, b.first) &&
    whole.last === Math.max(a.last, b.last) &&
    whole.low === (a.low + b.low) >>> 0 &&
    whole.high === (a.high + b.high) >>> 0
  );
}

/** The samples of a series on a UTC day before anything was written, and those written. */
export interface DayOfSeries {
  readonly before: Tally;
  readonly written: Tally;
}

export function dayOfInstant(instant: number): number {
  return Math.floor(instant / UTC_DAY_MS);
}

/** A year of 100 series is 36,500; this is about 1 GB. */
const MAX_DAYS = 4_000_000;

/** Number of days of series touched. */
export class DayTallies {
  /** Device id → metric group → quantity → day. */
  readonly #devices = new Map<string, Map<string, Map<string, Map<number, DayOfSeries>>>>();
  #count = 0;

  /** The day's tallies; undefined if it was not touched yet. */
  find(deviceId: string, group: string, quantity: string, day: number): DayOfSeries | undefined {
    return this.#devices.get(deviceId)?.get(group)?.get(quantity)?.get(day);
  }

  /** Throws InvalidInput for more days than the limit. */
  touch(deviceId: string, group: string, quantity: string, day: number): DayOfSeries {
    if (this.#count === MAX_DAYS)
      throw new InvalidInput(`there are more than ${MAX_DAYS} days of series: migrate in parts`);
    const days = getOrMake(getOrMake(getOrMake(this.#devices, deviceId), group), quantity);
    const made = { before: emptyTally(), written: emptyTally() };
    days.set(day, made);
    this.#count++;
    return made;
  }

  get count(): number {
    return this.#count;
  }

  *groups(): Generator<{
    deviceId: string;
    group: string;
    quantities: ReadonlyMap<string, ReadonlyMap<number, DayOfSeries>>;
  }> {
    for (const [deviceId, groups] of this.#devices) {
      for (const [group, quantities] of groups) yield { deviceId, group, quantities };
    }
  }
}

function getOrMake<K, L, V>(map: Map<K, Map<L, V>>, key: K): Map<L, V> {
  const made = map.get(key) ?? new Map<L, V>();
  map.set(key, made);
  return made;
}
