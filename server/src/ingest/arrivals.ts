import { HOUR_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import type { Block } from '../domain/columns/batch.ts';
import type { Window } from '../domain/time/window.ts';
import { FORECAST_GROUPS } from './validate.ts';

/** How readings of a device arrived. */
export interface Arrivals {
  readonly readings: number;
  /** Readings whose instant had just been sent before. */
  readonly duplicates: number;
  /** Readings of the last day that came after newer ones. */
  readonly late: number;
  /** Least time from a reading's instant to its arrival, ms; negative: the device's clock is ahead. Null without live readings. */
  readonly leastDelayMs: number | null;
}

const MAX_AGE_HOURS = 72;
/** Older readings are history that is brought in, and forecasts and prices are ahead of theirs: they tell nothing about a clock. */
const LIVE_MS = HOUR_MS;

/** Sets of quantities of a device that are told apart; a sender may make any number. */
const MAX_SHAPES_PER_DEVICE = 64;

interface Hour {
  hour: number;
  readings: number;
  duplicates: number;
  late: number;
  leastDelayMs: number;
}

/** Counts what the stores cannot tell afterwards, because the same reading twice is one there: by device and hour of the last three days. */
export class ArrivalMeter {
  readonly #hours = new Map<string, Hour[]>();
  /** Device → digest of group and set of quantities → newest instant, the one used longest ago first. */
  readonly #newest = new Map<string, Map<number, number>>();

  add(block: Block, receivedAt: number): void {
    const shape = shapeOf(block);
    const newest = block.devices.map((device) => this.#newest.get(device)?.get(shape) ?? Number.NEGATIVE_INFINITY);
    const hours = block.devices.map((device) => this.#hourOf(device, receivedAt));
    const tellsClock = !FORECAST_GROUPS.has(block.group);
    for (let row = 0; row < block.timestamps.length; row++) {
      const device = block.device[row]!;
      const instant = block.timestamps[row]!;
      const before = newest[device]!;
      const hour = hours[device]!;
      const delay = receivedAt - instant;
      hour.readings++;
      if (instant > before) {
        newest[device] = instant;
        if (tellsClock && Math.abs(delay) < LIVE_MS && delay < hour.leastDelayMs) hour.leastDelayMs = delay;
      } else if (instant === before) hour.duplicates++;
      else if (delay < UTC_DAY_MS) hour.late++;
    }
    for (const [d, device] of block.devices.entries()) this.#note(device, shape, newest[d]!);
  }

  /** What arrived from a device within a window, by whole UTC hours of arrival. */
  of(deviceId: string, window: Window): Arrivals {
    const hours = (this.#hours.get(deviceId) ?? []).filter(
      ({ hour }) => hour * HOUR_MS >= window.start && hour * HOUR_MS < window.end,
    );
    const sum = (count: (hour: Hour) => number) => hours.reduce((total, hour) => total + count(hour), 0);
    const least = Math.min(...hours.map(({ leastDelayMs }) => leastDelayMs));
    return {
      readings: sum(({ readings }) => readings),
      duplicates: sum(({ duplicates }) => duplicates),
      late: sum(({ late }) => late),
      leastDelayMs: Number.isFinite(least) ? least : null,
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
    const fresh = { hour, readings: 0, duplicates: 0, late: 0, leastDelayMs: Number.POSITIVE_INFINITY };
    this.#hours.set(deviceId, [...kept.filter((old) => old.hour > hour - MAX_AGE_HOURS), fresh]);
    return fresh;
  }
}

/** FNV-1a of group and quantities: two sets that share it count as one. */
function shapeOf({ group, quantities }: Block): number {
  let hash = 0x811c9dc5;
  for (const name of [group, ...quantities]) {
    for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
    hash = Math.imul(hash ^ 0xffff, 0x01000193);
  }
  return hash;
}
