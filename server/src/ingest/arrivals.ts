import { HOUR_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import type { Block } from '../domain/columns/batch.ts';
import type { Window } from '../domain/time/window.ts';
import { FORECAST_GROUPS } from './validate.ts';

/** Statistics of how a device's readings arrived. */
export interface Arrivals {
  readonly readings: number;
  /** Readings at the same instant as the preceding reading. */
  readonly duplicates: number;
  /** Readings of the last day that arrived after newer ones. */
  readonly late: number;
  /** Minimum time from a reading's instant to its arrival, ms; negative: the device's clock is ahead. Null without live readings. */
  readonly minDelayMs: number | null;
}

const MAX_AGE_HOURS = 72;
/** Older readings are imported history; forecasts and prices are ahead of their time. Neither shows the state of a clock. */
const LIVE_MS = HOUR_MS;

/** Maximum number of sets of quantities per device that are distinguished; senders may create any number. */
const MAX_SHAPES_PER_DEVICE = 64;

interface Hour {
  hour: number;
  readings: number;
  duplicates: number;
  late: number;
  minDelayMs: number;
}

/**
 * Counts arrivals by device and hour of the last three days. Stores cannot count them afterwards, because they merge duplicate readings.
 */
export class ArrivalMeter {
  readonly #hours = new Map<string, Hour[]>();
  /** Device → hash of group and quantities → newest instant, in order of last use, oldest first. */
  readonly #newest = new Map<string, Map<number, number>>();

  add(block: Block, receivedAt: number): void {
    const shape = shapeOf(block);
    const newest = block.devices.map((device) => this.#newest.get(device)?.get(shape) ?? Number.NEGATIVE_INFINITY);
    const hours = block.devices.map((device) => this.#hourOf(device, receivedAt));
    const showsClock = !FORECAST_GROUPS.has(block.group);
    for (let row = 0; row < block.timestamps.length; row++) {
      const device = block.device[row]!;
      const instant = block.timestamps[row]!;
      const before = newest[device]!;
      const hour = hours[device]!;
      const delay = receivedAt - instant;
      hour.readings++;
      if (instant > before) {
        newest[device] = instant;
        if (showsClock && Math.abs(delay) < LIVE_MS && delay < hour.minDelayMs) hour.minDelayMs = delay;
      } else if (instant === before) hour.duplicates++;
      else if (delay < UTC_DAY_MS) hour.late++;
    }
    for (const [d, device] of block.devices.entries()) this.#note(device, shape, newest[d]!);
  }

  /** The arrivals from a device within a window, by whole UTC hours of arrival. */
  of(deviceId: string, window: Window): Arrivals {
    const hours = (this.#hours.get(deviceId) ?? []).filter(
      ({ hour }) => hour * HOUR_MS >= window.start && hour * HOUR_MS < window.end,
    );
    const sum = (count: (hour: Hour) => number) => hours.reduce((total, hour) => total + count(hour), 0);
    const min = Math.min(...hours.map(({ minDelayMs }) => minDelayMs));
    return {
      readings: sum(({ readings }) => readings),
      duplicates: sum(({ duplicates }) => duplicates),
      late: sum(({ late }) => late),
      minDelayMs: Number.isFinite(min) ? min : null,
    };
  }

  #note(device: string, shape: number, newest: number): void {
    const shapes = this.#newest.get(device) ?? new Map<number, number>();
    this.#newest.set(device, shapes);
    shapes.delete(shape);
    shapes.set(shape, newest);
    const [oldest] = shapes.keys();
    if (shapes.size > MAX_SHAPES_PER_DEVICE) shapes.delete(oldest!);
  }

  #hourOf(deviceId: string, receivedAt: number): Hour {
    const hour = Math.floor(receivedAt / HOUR_MS);
    const kept = this.#hours.get(deviceId) ?? [];
    const last = kept.at(-1);
    if (last?.hour === hour) return last;
    const fresh = { hour, readings: 0, duplicates: 0, late: 0, minDelayMs: Number.POSITIVE_INFINITY };
    this.#hours.set(deviceId, [...kept.filter((old) => old.hour > hour - MAX_AGE_HOURS), fresh]);
    return fresh;
  }
}

/** FNV-1a of group and quantities; sets with equal hashes count as one. */
function shapeOf({ group, quantities }: Block): number {
  let hash = 0x811c9dc5;
  for (const name of [group, ...quantities]) {
    for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
    hash = Math.imul(hash ^ 0xffff, 0x01000193);
  }
  return hash;
}
