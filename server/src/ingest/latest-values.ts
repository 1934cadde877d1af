import type { Block } from '../domain/batch.ts';
import { splitMetric } from '../domain/metric-catalogue.ts';
import { MINUTE_MS } from '../domain/window.ts';

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

interface GroupState {
  /** Quantity → position in the columns below. */
  readonly positions: Map<string, number>;
  readonly metrics: string[];
  readonly timestamps: number[];
  /** What decides which of two samples is newer: the instant, or that of the arrival where the sample is from the future. */
  readonly ranks: number[];
  readonly values: number[];
  readonly revisions: number[];
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
    const positions = states.map((state) =>
      block.quantities.map((quantity) => positionOf(state, block.group, quantity)),
    );
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
    this.#correct(block, states, positions);
    return changed;
  }

  /** Takes in one value that was kept elsewhere; answers false for one from the future, which is not the latest. */
  restore(deviceId: string, metric: string, timestamp: number, value: number): boolean {
    const now = this.#readClock();
    if (timestamp > now + AHEAD_MS) return false;
    const { group, quantity } = splitMetric(metric);
    const state = this.#stateOf(deviceId, group);
    const position = positionOf(state, group, quantity);
    if (timestamp >= state.timestamps[position]! || isHidden(state.ranks[position]!, now))
      this.#set(state, position, timestamp, value, now);
    return true;
  }

  *of(deviceId: string): Iterable<LatestSample> {
    const now = this.#readClock();
    for (const state of this.#devices.get(deviceId)?.values() ?? []) {
      for (let i = 0; i < state.metrics.length; i++) {
        const timestamp = state.timestamps[i]!;
        if (timestamp === Number.NEGATIVE_INFINITY || isHidden(state.ranks[i]!, now)) continue;
        yield {
          deviceId,
          metric: state.metrics[i]!,
          timestamp,
          value: state.values[i]!,
          revision: state.revisions[i]!,
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
      state.timestamps[position] = state.ranks[position] = Number.NEGATIVE_INFINITY;
    }
  }

  forget(deviceId: string): void {
    this.#devices.delete(deviceId);
  }

  deviceIds(): string[] {
    return [...this.#devices.keys()];
  }

  /** The same instant written again replaces the value: of two rows at the newest instant the later in the block counts. */
  #correct(block: Block, states: GroupState[], positions: number[][]): void {
    for (let row = 0; row < block.timestamps.length; row++) {
      const device = block.device[row]!;
      const state = states[device]!;
      const at = positions[device]!;
      for (let c = 0; c < block.columns.length; c++) {
        const position = at[c]!;
        if (block.timestamps[row] !== state.timestamps[position]) continue;
        const value = block.columns[c]![row]!;
        if (value === value) state.values[position] = value;
      }
    }
  }

  #stateOf(deviceId: string, group: string): GroupState {
    const groups = this.#devices.get(deviceId) ?? new Map<string, GroupState>();
    const state = groups.get(group) ?? newState();
    this.#devices.set(deviceId, groups.set(group, state));
    return state;
  }

  #set(state: GroupState, position: number, instant: number, value: number, now: number): void {
    state.timestamps[position] = instant;
    state.ranks[position] = Math.min(instant, now);
    state.values[position] = value;
    state.revisions[position] = ++this.#revision;
  }

  #readClock(): number {
    const now = this.#now();
    const setBack = now < this.#clock - AHEAD_MS;
    this.#clock = setBack ? now : Math.max(now, this.#clock);
    if (setBack) this.onSetBack();
    return now;
  }
}

function newState(): GroupState {
  return { positions: new Map(), metrics: [], timestamps: [], ranks: [], values: [], revisions: [] };
}

function isNewer(instant: number, state: GroupState, position: number, now: number): boolean {
  if (instant > now + AHEAD_MS) return false;
  const known = state.ranks[position]!;
  // The clock was set back since: an old sample that arrives late is still none.
  if (known > now) return instant > now - AHEAD_MS && instant !== state.timestamps[position];
  const rank = Math.min(instant, now);
  return rank > known || (rank === known && instant > state.timestamps[position]!);
}

/** Came in before the clock was set back. */
function isHidden(rank: number, now: number): boolean {
  return rank > now + AHEAD_MS;
}

function positionOf(state: GroupState, group: string, quantity: string): number {
  const known = state.positions.get(quantity);
  if (known !== undefined) return known;
  const position = state.metrics.length;
  state.positions.set(quantity, position);
  state.metrics.push(`${group}.${quantity}`);
  state.timestamps.push(Number.NEGATIVE_INFINITY);
  state.ranks.push(Number.NEGATIVE_INFINITY);
  state.values.push(Number.NaN);
  state.revisions.push(0);
  return position;
}
