import { HOUR_MS, MINUTE_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { every, SiteWorld } from '../../../test/energy/site-world.ts';
import { dayWindow } from '../../domain/time/site-time.ts';

const { start: DAY, end: DAY_END } = dayWindow('2026-06-15', 'Europe/Warsaw');
const NOON = DAY + 12 * HOUR_MS;
const LATER = DAY_END + 10 * UTC_DAY_MS;
const STEP_MS = 10 * MINUTE_MS;

/** A world in which meters report a load, each over a separate stretch. */
async function loads(now: number, ...stretches: readonly (readonly [from: number, to: number, kw: number])[]) {
  const world = await SiteWorld.open(now);
  const meters = [];
  for (const [i, [from, to, kw]] of stretches.entries()) {
    const meter = await world.device(`Meter ${i}`, 'meter', { expectedIntervalS: 600 });
    await world.report(
      meter,
      'load.power_kw',
      every(STEP_MS, from, to, () => kw),
    );
    meters.push(meter);
  }
  const report = async (day: string) => {
    const found = await world.energy.dailyReport(day);
    const silent = found.warnings.filter((warning) => warning.includes('retire'));
    const { total_consumption_kwh: kwh, coverage_by_quantity, peak_consumption_kw: peak } = found;
    return { kwh, coverage: coverage_by_quantity.load, peak, silent };
  };
  return { world, meters, report };
}
const days = ['2026-06-14', '2026-06-15', '2026-06-16'];
const FIRST = DAY - UTC_DAY_MS;
const LAST = DAY_END + UTC_DAY_MS;

describe('a meter that is replaced by another one', () => {
  test.each([LATER, LAST])('leaves reports before, on and after that day complete', async (now) => {
    const { report } = await loads(now, [FIRST, NOON, 2], [NOON, LAST, 2]);
    for (const day of days) {
      expect(await report(day)).toEqual({
        kwh: expect.closeTo(48, 9),
        coverage: 1,
        peak: 2,
        silent: expect.anything(),
      });
    }
  });

  test('may be replaced at any time, with any pause in between', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 143 }), fc.integer({ min: 0, max: 30 }), async (at, pause) => {
        const over = DAY + at * STEP_MS;
        const begun = over + pause * STEP_MS;
        const { report } = await loads(LATER, [FIRST, over, 2], [begun, LAST, 3]);
        const before = await report('2026-06-14');
        expect([before.kwh, before.coverage, before.peak]).toEqual([expect.closeTo(48, 9), 1, 2]);
        const after = await report('2026-06-16');
        if (begun > DAY_END) return;
        expect([after.kwh, after.coverage, after.peak]).toEqual([expect.closeTo(72, 9), 1, 3]);
      }),
      { numRuns: 20 },
    );
  });
});

describe('a retired meter', () => {
  test('counts until it is retired, and again after it is reactivated', async () => {
    const { world, meters, report } = await loads(LATER, [FIRST, LAST, 2], [FIRST, LAST, 1]);
    await world.retire(meters[1]!, NOON);
    const full = { coverage: 1, silent: [] };
    expect(await report(days[0]!)).toEqual({ kwh: expect.closeTo(72, 9), peak: 3, ...full });
    expect(await report(days[1]!)).toEqual({ kwh: expect.closeTo(36 + 24, 9), peak: 3, ...full });
    expect(await report(days[2]!)).toEqual({ kwh: expect.closeTo(48, 9), peak: 2, ...full });
    await world.retire(meters[1]!, null);
    expect(await report(days[2]!)).toEqual({ kwh: expect.closeTo(72, 9), peak: 3, ...full });
  });

  test('is not part of the current power', async () => {
    const { world, meters } = await loads(LAST, [FIRST, LAST, 2], [FIRST, LAST, 1]);
    expect((await world.energy.summary()).now.load_kw).toBe(3);
    await world.retire(meters[1]!, NOON);
    expect((await world.energy.summary()).now.load_kw).toBe(2);
  });
});

describe('a meter that stops reporting next to another one', () => {
  test('is a gap at first; after a day it counts until its last reading, with a warning', async () => {
    const stretches = [
      [FIRST, LAST, 2],
      [FIRST, NOON, 1],
    ] as const;
    const soon = await loads(NOON + 20 * HOUR_MS, ...stretches);
    expect(await soon.report(days[1]!)).toMatchObject({ coverage: expect.closeTo(0.75, 2), silent: [] });
    const late = await loads(LATER, ...stretches);
    expect(await late.report(days[0]!)).toMatchObject({ kwh: expect.closeTo(72, 9), coverage: 1, silent: [] });
    const { kwh, coverage, peak, silent } = await late.report(days[2]!);
    expect([kwh, coverage, peak]).toEqual([expect.closeTo(48, 9), 1, 2]);
    expect(silent).toEqual([
      'Meter 1 has reported nothing of load since 2026-06-15T09:50:00.000Z and counts until then: retire it, or check it',
    ]);
  });

  test('remains a gap if no other meter continues', async () => {
    const { report } = await loads(LATER, [FIRST, NOON, 2]);
    expect(await report(days[1]!)).toMatchObject({ kwh: expect.closeTo(24, 9), coverage: 0.5 });
  });
});

test('panels and a battery that were added later are not missing before', async () => {
  const world = await SiteWorld.open(LATER);
  const meter = await world.device('Meter', 'meter', { expectedIntervalS: 600 });
  const inverter = await world.device('Inverter', 'inverter', { expectedIntervalS: 600 });
  const steady = (from: number, kw: number) => every(STEP_MS, from, LAST, () => kw);
  await world.report(meter, 'grid.power_kw', steady(FIRST, 1));
  await world.report(inverter, 'solar.power_kw', steady(NOON, 2));
  await world.report(inverter, 'battery.power_kw', steady(NOON, 0.5));
  const found = await Promise.all(days.map((day) => world.energy.dailyReport(day)));
  expect(found.map((report) => report.total_consumption_kwh)).toEqual(
    [24, 12 + 30, 60].map((kwh) => expect.closeTo(kwh, 9)),
  );
  expect(found.map((report) => report.total_pv_production_kwh)).toEqual([
    null,
    expect.closeTo(24, 9),
    expect.closeTo(48, 9),
  ]);
  expect(found.map((report) => report.coverage)).toEqual([1, 1, 1]);
  expect(found.map((report) => report.self_sufficiency)).toEqual(
    [0, 24 / 42, 48 / 60].map((one) => expect.closeTo(one, 9)),
  );
  expect(found.map((report) => report.peak_consumption_kw)).toEqual([1, 2.5, 2.5]);
});
