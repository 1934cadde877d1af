import { HOUR_MS, MINUTE_MS, SECOND_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import fc from 'fast-check';
import { beforeEach, expect, test } from 'vitest';
import type { Block } from '../domain/columns/batch.ts';
import { LatestValues } from './latest-values.ts';

const NOON = Date.UTC(2026, 5, 1, 12);
let clock: number;
let latest: LatestValues;
let setBack: number;
beforeEach(() => {
  [clock, setBack] = [NOON, 0];
  latest = new LatestValues(() => clock);
  latest.onSetBack = () => setBack++;
});

const block = (...instants: number[]): Block => ({
  group: 'load',
  quantities: ['power_kw'],
  devices: ['meter'],
  device: new Int32Array(instants.length),
  timestamps: Float64Array.from(instants),
  columns: [Float64Array.from(instants)],
});
const newest = () => [...latest.of('meter')].map(({ timestamp }) => timestamp);

test('the latest value is the newest by instant, in any order of arrival', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1 }), (ages) => {
      latest = new LatestValues(() => clock);
      const instants = ages.map((age) => NOON - age * SECOND_MS);
      for (const instant of instants) latest.add(block(instant));
      expect(newest()).toEqual([Math.max(...instants)]);
    }),
  );
});

test('a value from the future does not block the next one, however far ahead it is', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 60 * UTC_DAY_MS }), (ahead) => {
      clock = NOON;
      latest = new LatestValues(() => clock);
      latest.add(block(NOON + ahead));
      clock += SECOND_MS;
      latest.add(block(clock));
      expect(newest()).toEqual([clock]);
    }),
  );
});

test('a device with a fast clock shows its newest value, and its late values change nothing', () => {
  for (let i = 0; i < 5; i++) {
    clock += SECOND_MS;
    latest.add(block(clock + MINUTE_MS, clock + 2 * MINUTE_MS));
    expect(newest()).toEqual([clock + 2 * MINUTE_MS]);
  }
  latest.add(block(clock - HOUR_MS));
  expect(newest()).toEqual([clock + 2 * MINUTE_MS]);
});

test('when the clock is set back, values ahead of it are hidden, reported, and replaced by the next or the stored ones', () => {
  fc.assert(
    fc.property(fc.integer({ min: 6 * MINUTE_MS, max: 400 * UTC_DAY_MS }), fc.boolean(), (jump, restored) => {
      [clock, setBack] = [NOON, 0];
      latest = new LatestValues(() => clock);
      latest.onSetBack = () => setBack++;
      clock += jump;
      latest.add(block(clock));
      clock = NOON + SECOND_MS;
      expect(newest()).toEqual([]);
      expect(latest.lastAt('meter')).toBeNull();
      expect(setBack).toBe(1);
      if (restored) latest.restore('meter', 'load.power_kw', NOON, 1);
      if (restored) expect(newest()).toEqual([NOON]);
      latest.add(block(clock));
      expect(newest()).toEqual([clock]);
      expect(setBack).toBe(1);
    }),
  );
});

test('after a small clock step back, the next value is accepted, and old ones are not', () => {
  latest.add(block(NOON));
  clock -= MINUTE_MS;
  latest.add(block(clock - HOUR_MS));
  expect(newest()).toEqual([NOON]);
  latest.add(block(clock));
  expect(newest()).toEqual([clock]);
});

test('a stored value from the future is not restored as the latest', () => {
  expect(latest.restore('meter', 'load.power_kw', NOON + UTC_DAY_MS, 1)).toBe(false);
  expect(latest.restore('meter', 'load.power_kw', NOON, 1)).toBe(true);
  expect(newest()).toEqual([NOON]);
});

test('a value rewritten with a different value is a change, and an equal one is not', () => {
  const latest = new LatestValues(() => NOON);
  const of = (value: number): Block => ({ ...block(NOON), columns: [Float64Array.of(value)] });
  expect(latest.add(of(1))).toEqual(new Set(['meter']));
  const { revision } = latest;
  expect(latest.add(of(1))).toEqual(new Set());
  expect(latest.revision).toBe(revision);
  expect(latest.add(of(2))).toEqual(new Set(['meter']));
  expect([...latest.of('meter')]).toMatchObject([{ value: 2, revision: latest.revision }]);
  expect(latest.revision).toBeGreaterThan(revision);
});
