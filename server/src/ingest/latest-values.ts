import type { Block } from '../domain/batch.ts';
import { splitMetric } from '../domain/metric-catalogue.ts';
import { MINUTE_MS } from '../domain/window.ts';

export interface LatestSample {
  readonly deviceId: string;
  readonly metric: string;
  readonly timestamp: number;
  readonly value: number;
  /** Grows with every change of any series: tells what is new since somebody last looked. */
  readonly revision: number;
}

/** A value this far ahead of the clock is a forecast (tomorrow's price) and not the latest. */
const AHEAD_MS = 5 * MINUTE_MS;

interface GroupState {
  /** Quantity → position in the two columns below. */
  readonly positions: Map<string, number>;
  readonly metrics: string[];
  readonly timestamps: number[];
  readonly values: number[];
  readonly revisions: number[];
}

/** The newest value of every series, by instant (not by arrival): one map lookup away for the API and the live stream. */
export class LatestValues {
  readonly #devices = new Map<string, Map<string, GroupState>>();
  #revision = 0;

  /** Takes in a block and answers the devices that now have a newer value than before. */
  add(block: Block, nowMs: number): Set<string> {
    const changed = new Set<string>();
    const states = block.devices.map((deviceId) => this.#stateOf(deviceId, block.group));
    const positions = states.map((state) =>
      block.quantities.map((quantity) => positionOf(state, block.group, quantity)),
    );
    for (let row = block.timestamps.length - 1; row >= 0; row--) {
      const device = block.device[row] as number;
      const state = states[device] as GroupState;
      const at = positions[device] as number[];
      const instant = block.timestamps[row] as number;
      for (let c = 0; c < block.columns.length; c++) {
        const position = at[c] as number;
        if (instant <= (state.timestamps[position] as number) || instant > nowMs + AHEAD_MS) continue;
        const value = (block.columns[c] as Float64Array)[row] as number;
        if (value !== value) continue;
        state.timestamps[position] = instant;
        state.values[position] = value;
        state.revisions[position] = ++this.#revision;
        changed.add(block.devices[device] as string);
      }
    }
    this.#correct(block, states, positions);
    return changed;
  }

  /** Takes in one value that was kept elsewhere. */
  restore(deviceId: string, metric: string, timestamp: number, value: number): void {
    const { group, quantity } = splitMetric(metric);
    const state = this.#stateOf(deviceId, group);
    const position = positionOf(state, group, quantity);
    if (timestamp < (state.timestamps[position] as number)) return;
    state.timestamps[position] = timestamp;
    state.values[position] = value;
    state.revisions[position] = ++this.#revision;
  }

  *of(deviceId: string): Iterable<LatestSample> {
    for (const state of this.#devices.get(deviceId)?.values() ?? []) {
      for (let i = 0; i < state.metrics.length; i++) {
        const timestamp = state.timestamps[i] as number;
        if (timestamp === Number.NEGATIVE_INFINITY) continue;
        yield {
          deviceId,
          metric: state.metrics[i] as string,
          timestamp,
          value: state.values[i] as number,
          revision: state.revisions[i] as number,
        };
      }
    }
  }

  /** Instant of the newest value of a device, or null. */
  lastAt(deviceId: string): number | null {
    let last = Number.NEGATIVE_INFINITY;
    for (const state of this.#devices.get(deviceId)?.values() ?? []) {
      for (const timestamp of state.timestamps) if (timestamp > last) last = timestamp;
    }
    return last === Number.NEGATIVE_INFINITY ? null : last;
  }

  /** Forgets the newest value of a series, until one is taken in or restored. */
  forgetSeries(deviceId: string, metric: string): void {
    const { group, quantity } = splitMetric(metric);
    const state = this.#devices.get(deviceId)?.get(group);
    const position = state?.positions.get(quantity);
    if (state !== undefined && position !== undefined) state.timestamps[position] = Number.NEGATIVE_INFINITY;
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
      const device = block.device[row] as number;
      const state = states[device] as GroupState;
      const at = positions[device] as number[];
      for (let c = 0; c < block.columns.length; c++) {
        const position = at[c] as number;
        if (block.timestamps[row] !== state.timestamps[position]) continue;
        const value = (block.columns[c] as Float64Array)[row] as number;
        if (value === value) state.values[position] = value;
      }
    }
  }

  #stateOf(deviceId: string, group: string): GroupState {
    const groups = this.#devices.get(deviceId) ?? new Map<string, GroupState>();
    const state = groups.get(group) ?? { positions: new Map(), metrics: [], timestamps: [], values: [], revisions: [] };
    this.#devices.set(deviceId, groups.set(group, state));
    return state;
  }
}

function positionOf(state: GroupState, group: string, quantity: string): number {
  const known = state.positions.get(quantity);
  if (known !== undefined) return known;
  const position = state.metrics.length;
  state.positions.set(quantity, position);
  state.metrics.push(`${group}.${quantity}`);
  state.timestamps.push(Number.NEGATIVE_INFINITY);
  state.values.push(Number.NaN);
  state.revisions.push(0);
  return position;
}
