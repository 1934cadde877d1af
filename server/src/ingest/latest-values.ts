import { MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import type { Block } from '../domain/columns/batch.ts';
import { splitMetric } from '../domain/metric-catalogue.ts';

export interface LatestSample {
  readonly deviceId: string;
  readonly metric: string;
  readonly timestamp: number;
  readonly value: number;
  /** Grows with every change of any series: shows what is new since an earlier look. */
  readonly revision: number;
}

/** A value this far ahead of the clock is a forecast (tomorrow's price) and not the latest. */
const AHEAD_MS = 5 * MINUTE_MS;

/** Numbers that are kept of a series, and the place of each among them. */
const FIELDS = 4;
const TIMESTAMP = 0;
/** Decides which of two samples is newer: the instant, or the instant of arrival where the sample is from the future. */
const RANK = 1;
const VALUE = 2;
const REVISION = 3;
const EMPTY = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, 0];

interface GroupState {
  /** Quantity → position of its first number. */
  readonly positions: Map<string, number>;
  /**
   * The numbers of one series after those of another. One array of the exact length, which is replaced when quantities are added: arrays
   * that grow keep room for 16 more numbers each, several times what most groups hold.
   */
  numbers: number[];
}

/**
 * The newest value of every series, by instant (not by arrival): one map lookup away for the API and the live stream.
 *
 * A sample from the future (a device's clock is fast) counts as of its arrival, so that the next one replaces it. When the service's own
 * clock is set back, what came in before is hidden until the clock gets there again or a sample replaces it; `onSetBack` is called so that
 * what the stores have of these series can be restored.
 */
export class LatestValues {
  readonly #devices = new Map<string, Map<string, GroupState>>();
  readonly #now: () => number;
  #revision = 0;
  /** Newest reading of the clock. */
  #clock = Number.NEGATIVE_INFINITY;
  onSetBack: () => void = () => {};

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Takes in a block and answers the devices that now have a newer value than before. */
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

  /** Takes in one value that was kept elsewhere; answers false for one from the future, which is not the latest. */
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

  /** Forgets the newest value of a series, until one is taken in or restored. */
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

  /** The same instant written again replaces the value: of two rows at the newest instant the later in the block counts. */
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
  // The clock was set back since: an old sample that arrives late is still none.
  if (known > now) return instant > now - AHEAD_MS && instant !== numbers[position + TIMESTAMP];
  const rank = Math.min(instant, now);
  return rank > known || (rank === known && instant > numbers[position + TIMESTAMP]!);
}

/** Came in before the clock was set back. */
function isHidden(rank: number, now: number): boolean {
  return rank > now + AHEAD_MS;
}

/** Where the numbers of quantities are; those of unknown quantities are added. */
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
