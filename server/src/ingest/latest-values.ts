import { MINUTE_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import type { Block } from '../domain/columns/batch.ts';
import { splitMetric } from '../domain/metric-catalogue.ts';

export interface LatestSample {
  readonly deviceId: string;
  readonly metric: string;
  readonly timestamp: number;
  readonly value: number;
  /** Increases with every change of any series: shows what changed since an earlier revision. */
  readonly revision: number;
}

/** A value further ahead of the clock than this is a forecast (tomorrow's price), not the latest value. */
const AHEAD_MS = 5 * MINUTE_MS;

/** Latest values are searched for this far back. */
export const LATEST_LOOKBACK_MS = 7 * UTC_DAY_MS;

/** Numbers stored per series, and the offset of each. */
const FIELDS = 4;
const TIMESTAMP = 0;
/** Ranks samples by age: the instant, or the instant of arrival for samples from the future. */
const RANK = 1;
const VALUE = 2;
const REVISION = 3;
const EMPTY = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, 0];

interface GroupState {
  /** Quantity → index of its first number. */
  readonly positions: Map<string, number>;
  /**
   * The numbers of all series, one series after another. One array of the exact length, which is replaced when quantities are added:
   * growing arrays reserve space for 16 more numbers each, several times the size of most groups.
   */
  numbers: number[];
}

/**
 * The newest value of every series, by instant (not by arrival), for the API and the live stream.
 *
 * A sample from the future (a device's clock is fast) ranks by its arrival, so that the next one replaces it. When the service's own
 * clock is set back, earlier arrivals are hidden until the clock reaches them again or a sample replaces them; `onSetBack` is called so
 * that the stored values of these series can be restored.
 */
export class LatestValues {
  readonly #devices = new Map<string, Map<string, GroupState>>();
  readonly #now: () => number;
  #revision = 0;
  /** Latest reading of the clock. */
  #clock = Number.NEGATIVE_INFINITY;
  onSetBack: () => void = () => {};

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Adds a block; returns the devices that now have a newer value than before. */
  add(block: Block): Set<string> {
    const now = this.#readClock();
    const changed = new Set<string>();
    const states = block.devices.map((deviceId) => this.#stateOf(deviceId, block.group));
    const positions = states.map((state) => positionsOf(state, block.quantities));
    for (let row = block.timestamps.length - 1; row >= 0; row--) {
      const device = block.device[row]!;
      const state = states[device]!;
      const at = positions[device]!;
      const instant = block.timestamps[row]!;
      for (let c = 0; c < block.columns.length; c++) {
        const position = at[c]!;
        if (!isNewer(instant, state, position, now)) continue;
        const value = block.columns[c]![row]!;
        if (value !== value) continue;
        this.#set(state, position, instant, value, now);
        changed.add(block.devices[device]!);
      }
    }
    this.#correct(block, { states, positions, changed });
    return changed;
  }

  /** Adds one stored value; returns false for one from the future, which is not the latest. */
  restore(deviceId: string, metric: string, timestamp: number, value: number): boolean {
    const now = this.#readClock();
    if (timestamp > now + AHEAD_MS) return false;
    const { group, quantity } = splitMetric(metric);
    const state = this.#stateOf(deviceId, group);
    const [position] = positionsOf(state, [quantity]) as [number];
    if (timestamp >= state.numbers[position + TIMESTAMP]! || isHidden(state.numbers[position + RANK]!, now))
      this.#set(state, position, timestamp, value, now);
    return true;
  }

  *of(deviceId: string): Iterable<LatestSample> {
    const now = this.#readClock();
    for (const [group, { positions, numbers }] of this.#devices.get(deviceId) ?? []) {
      for (const [quantity, position] of positions) {
        const timestamp = numbers[position + TIMESTAMP]!;
        if (timestamp === Number.NEGATIVE_INFINITY || isHidden(numbers[position + RANK]!, now)) continue;
        yield {
          deviceId,
          metric: `${group}.${quantity}`,
          timestamp,
          value: numbers[position + VALUE]!,
          revision: numbers[position + REVISION]!,
        };
      }
    }
  }

  /** Instant of the newest value of a device, or null. */
  lastAt(deviceId: string): number | null {
    let last = Number.NEGATIVE_INFINITY;
    for (const { timestamp } of this.of(deviceId)) if (timestamp > last) last = timestamp;
    return last === Number.NEGATIVE_INFINITY ? null : last;
  }

  /** Deletes the newest value of a series, until another one is added or restored. */
  forgetSeries(deviceId: string, metric: string): void {
    const { group, quantity } = splitMetric(metric);
    const state = this.#devices.get(deviceId)?.get(group);
    const position = state?.positions.get(quantity);
    if (state !== undefined && position !== undefined) {
      state.numbers[position + TIMESTAMP] = state.numbers[position + RANK] = Number.NEGATIVE_INFINITY;
    }
  }

  forget(deviceId: string): void {
    this.#devices.delete(deviceId);
  }

  deviceIds(): Iterable<string> {
    return this.#devices.keys();
  }

  /** The newest revision of any series. */
  get revision(): number {
    return this.#revision;
  }

  /** A rewritten instant replaces the value: of two rows at the newest instant, the later one in the block counts. */
  #correct(
    block: Block,
    { states, positions, changed }: { states: GroupState[]; positions: number[][]; changed: Set<string> },
  ): void {
    for (let row = 0; row < block.timestamps.length; row++) {
      const device = block.device[row]!;
      const state = states[device]!;
      const at = positions[device]!;
      for (let c = 0; c < block.columns.length; c++) {
        const position = at[c]!;
        if (block.timestamps[row] !== state.numbers[position + TIMESTAMP]) continue;
        const value = block.columns[c]![row]!;
        if (value !== value || value === state.numbers[position + VALUE]) continue;
        state.numbers[position + VALUE] = value;
        state.numbers[position + REVISION] = ++this.#revision;
        changed.add(block.devices[device]!);
      }
    }
  }

  #stateOf(deviceId: string, group: string): GroupState {
    const groups = this.#devices.get(deviceId) ?? new Map<string, GroupState>();
    const state = groups.get(group) ?? { positions: new Map(), numbers: [] };
    this.#devices.set(deviceId, groups.set(group, state));
    return state;
  }

  #set({ numbers }: GroupState, position: number, instant: number, value: number, now: number): void {
    numbers[position + TIMESTAMP] = instant;
    numbers[position + RANK] = Math.min(instant, now);
    numbers[position + VALUE] = value;
    numbers[position + REVISION] = ++this.#revision;
  }

  #readClock(): number {
    const now = this.#now();
    const setBack = now < this.#clock - AHEAD_MS;
    this.#clock = setBack ? now : Math.max(now, this.#clock);
    if (setBack) this.onSetBack();
    return now;
  }
}

function isNewer(instant: number, { numbers }: GroupState, position: number, now: number): boolean {
  if (instant > now + AHEAD_MS) return false;
  const known = numbers[position + RANK]!;
  // The clock was set back since: an old sample that arrives late is still older.
  if (known > now) return instant > now - AHEAD_MS && instant !== numbers[position + TIMESTAMP];
  const rank = Math.min(instant, now);
  return rank > known || (rank === known && instant > numbers[position + TIMESTAMP]!);
}

/** Whether a sample arrived before the clock was set back. */
function isHidden(rank: number, now: number): boolean {
  return rank > now + AHEAD_MS;
}

/** Indexes of the numbers of quantities; unknown quantities are added. */
function positionsOf(state: GroupState, quantities: readonly string[]): number[] {
  const before = state.positions.size;
  const positions = quantities.map((quantity) => {
    const position = state.positions.get(quantity) ?? state.positions.size * FIELDS;
    if (position === state.positions.size * FIELDS) state.positions.set(quantity, position);
    return position;
  });
  const added = Array.from({ length: state.positions.size - before }, () => EMPTY).flat();
  if (added.length > 0) state.numbers = state.numbers.concat(added);
  return positions;
}
