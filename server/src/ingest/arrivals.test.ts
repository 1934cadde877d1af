import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import { describe, expect, it } from 'vitest';
import type { Block } from '../domain/columns/batch.ts';
import { ArrivalMeter } from './arrivals.ts';

const NOON = Date.parse('2026-03-29T12:00:00Z');
const DAY = { start: NOON - 12 * HOUR_MS, end: NOON + 12 * HOUR_MS };

function block(timestamps: readonly number[], quantities: readonly string[] = ['power_kw']): Block {
  return {
    group: 'solar',
    quantities,
    devices: ['roof'],
    device: new Int32Array(timestamps.length),
    timestamps: Float64Array.from(timestamps),
    columns: quantities.map(() => new Float64Array(timestamps.length).fill(1)),
  };
}

describe('arrivals', () => {
  it('include repeats and late readings, but not other quantities of the same instant', () => {
    const meter = new ArrivalMeter();
    meter.add(block([NOON - 3000, NOON - 2000]), NOON);
    meter.add(block([NOON - 2000]), NOON);
    meter.add(block([NOON - 2000], ['voltage_v']), NOON);
    meter.add(block([NOON - 2500]), NOON);
    expect(meter.of('roof', DAY)).toEqual({ readings: 5, duplicates: 1, late: 1, minDelayMs: 2000 });
  });

  it('show a clock that is ahead, and do not take history or forecasts for a wrong clock', () => {
    const meter = new ArrivalMeter();
    meter.add(block([NOON + 18 * HOUR_MS], ['tomorrow']), NOON);
    meter.add(block([NOON - 40 * 24 * HOUR_MS, NOON - 39 * 24 * HOUR_MS]), NOON);
    expect(meter.of('roof', DAY).minDelayMs).toBeNull();
    meter.add({ ...block([NOON + HOUR_MS / 2]), group: 'price' }, NOON);
    expect(meter.of('roof', DAY).minDelayMs).toBeNull();
    meter.add(block([NOON + 45_000]), NOON);
    expect(meter.of('roof', DAY).minDelayMs).toBe(-45_000);
  });

  it('belong to the hour of arrival', () => {
    const meter = new ArrivalMeter();
    meter.add(block([NOON]), NOON);
    meter.add(block([NOON + HOUR_MS]), NOON + HOUR_MS);
    expect(meter.of('roof', { start: NOON, end: NOON + HOUR_MS }).readings).toBe(1);
    expect(meter.of('cellar', DAY).readings).toBe(0);
  });
});
