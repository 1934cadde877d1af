import { HOUR_MS, MINUTE_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { every, SiteWorld, samples } from '../../../test/energy/site-world.ts';
import { bucketEdges, dayWindow, instantOfLocal } from '../../domain/time/site-time.ts';
import { KpiService } from '../kpi/service.ts';

const ZONE = 'Europe/Warsaw';
type Pair = [instant: number, kwh: number];
const NOW = Date.UTC(2026, 5, 1);
const iso = (instant: number) => new Date(instant).toISOString();
const at = (day: string) => dayWindow(day, ZONE).start;

/** A value for each interval of the calendar that starts in a window. */
function perInterval(bucket: '1d' | '1mo', start: string, end: string, kwhOf: (hours: number, i: number) => number) {
  const edges = bucketEdges({ start: at(start), end: at(end) }, bucket, ZONE);
  return samples(
    ...[...edges.subarray(0, -1)].map((edge, i) => [edge, kwhOf((edges[i + 1]! - edge) / HOUR_MS, i)] as Pair),
  );
}

async function balance(world: SiteWorld, start: string, end: string, resolution: '15m' | '1h' | '1d' | '1mo') {
  return world.energy.balance({ start: iso(at(start)), end: iso(at(end)), resolution });
}

describe.each(['declared', 'found in the data'])('energy per interval (%s)', (how) => {
  const of = (metric: string, width: string) => (how === 'declared' ? { intervals: { [metric]: width } } : {});

  test('of days counts unchanged, on days of 23 and 25 hours as well, with a coverage of 100 %', async () => {
    const world = await SiteWorld.open(NOW, { timezone: ZONE });
    const meter = await world.device('House', 'meter', of('grid.imported_interval_kwh', '1d'));
    await world.report(
      meter,
      'grid.imported_interval_kwh',
      perInterval('1d', '2026-03-27', '2026-04-01', (hours) => hours),
    );
    const days = await balance(world, '2026-03-27', '2026-04-01', '1d');
    expect(days.periods.map(({ import_kwh: kwh }) => kwh)).toEqual(
      [24, 24, 23, 24, 24].map((kwh) => expect.closeTo(kwh, 9)),
    );
    expect(days.periods.map(({ coverage }) => coverage)).toEqual([1, 1, 1, 1, 1]);
    const hours = await balance(world, '2026-03-29', '2026-03-30', '1h');
    expect(hours.periods.map(({ import_kwh: kwh }) => kwh)).toEqual(
      Array.from({ length: 23 }, () => expect.closeTo(1, 9)),
    );
    expect(days.warnings.join()).toContain('House reports the energy of grid per 24 h');
  });

  test('of a day of 25 hours, and of a missing day', async () => {
    const world = await SiteWorld.open(Date.UTC(2026, 10, 20), { timezone: ZONE });
    const meter = await world.device('House', 'meter', of('load.interval_kwh', '1d'));
    const { timestamps, values } = perInterval('1d', '2026-10-24', '2026-10-31', (hours) => hours);
    const remaining = [...timestamps.keys()].filter((i) => i !== 3);
    await world.report(
      meter,
      'load.interval_kwh',
      samples(...remaining.map((i) => [timestamps[i]!, values[i]!] as Pair)),
    );
    const { periods, totals } = await balance(world, '2026-10-24', '2026-10-31', '1d');
    expect(periods.map(({ consumption_kwh: kwh }) => kwh)).toEqual(
      [24, 25, 24, null, 24, 24, 24].map((kwh) => (kwh === null ? null : expect.closeTo(kwh, 9))),
    );
    expect(periods.map(({ coverage }) => coverage)).toEqual([1, 1, 1, 0, 1, 1, 1]);
    expect(totals.consumption_kwh).toBeCloseTo(145, 9);
  });

  test('of months of 28 to 31 days', async () => {
    const world = await SiteWorld.open(NOW, { timezone: ZONE });
    const meter = await world.device('Roof', 'meter', of('solar.interval_kwh', '1mo'));
    await world.report(
      meter,
      'solar.interval_kwh',
      perInterval('1mo', '2026-01-01', '2026-05-01', (_hours, i) => 100 * (i + 1)),
    );
    const { periods } = await balance(world, '2026-01-01', '2026-05-01', '1mo');
    expect(periods.map(({ solar_kwh: kwh, coverage }) => [kwh, coverage])).toEqual(
      [100, 200, 300, 400].map((kwh) => [expect.closeTo(kwh, 6), 1]),
    );
  });

  test('of quarter hours of every corner', async () => {
    const world = await SiteWorld.open(NOW, { timezone: ZONE });
    const [start, end] = [at('2026-03-29'), at('2026-03-30')];
    const quarters = (kwh: number) => every(15 * MINUTE_MS, start, end, () => kwh);
    const house = await world.device('House', 'meter');
    for (const [metric, kwh] of [
      ['grid.imported_interval_kwh', 0.5],
      ['grid.exported_interval_kwh', 0],
      ['solar.interval_kwh', 0.25],
      ['battery.interval_kwh', -0.25],
      ['load.interval_kwh', 1],
    ] as const)
      await world.report(house, metric, quarters(kwh));
    expect((await balance(world, '2026-03-29', '2026-03-30', '1d')).periods[0]).toMatchObject({
      import_kwh: expect.closeTo(46, 9),
      export_kwh: 0,
      solar_kwh: expect.closeTo(23, 9),
      battery_charged_kwh: 0,
      battery_discharged_kwh: expect.closeTo(23, 9),
      consumption_kwh: expect.closeTo(92, 9),
      self_sufficiency: expect.closeTo(0.5, 9),
      coverage: 1,
    });
  });

  test('of a machine counts in its key figures, with no peak where intervals are long', async () => {
    const world = await SiteWorld.open(NOW, { timezone: ZONE });
    const kpis = new KpiService({
      queries: world.queries,
      devices: world.devices,
      energy: world.energy,
      now: () => NOW,
    });
    const press = await world.device('Press', 'machine', of('energy.interval_kwh', '1d'));
    await world.report(
      press,
      'energy.interval_kwh',
      perInterval('1d', '2026-03-27', '2026-04-01', (hours) => 10 * hours),
    );
    const query = { machine_id: 'Press', start: iso(at('2026-03-29')), end: iso(at('2026-03-30')) };
    expect(await kpis.sec(query)).toMatchObject({ total_energy_kwh: expect.closeTo(230, 9) });
    expect((await kpis.all(query)).kpis.peak_demand.value).toBeNull();
    const mill = await world.device('Mill', 'machine');
    const load = (instant: number) => (instant === at('2026-03-29') + 2 * HOUR_MS ? 10 : 5);
    await world.report(mill, 'energy.interval_kwh', every(15 * MINUTE_MS, at('2026-03-28'), at('2026-03-31'), load));
    const figures = await kpis.all({ ...query, machine_id: 'Mill' });
    expect(figures.kpis.peak_demand.value).toBeCloseTo(40, 9);
  });
});

test('signed intervals are import where they are positive and export where they are negative', async () => {
  const world = await SiteWorld.open(NOW, { timezone: ZONE });
  const meter = await world.device('Meter', 'meter');
  const start = at('2026-03-28');
  await world.report(
    meter,
    'grid.interval_kwh',
    every(HOUR_MS, start, start + UTC_DAY_MS, (instant) => (instant === start ? -2.5 : 0.5)),
  );
  expect((await balance(world, '2026-03-28', '2026-03-29', '1d')).periods[0]).toMatchObject({
    import_kwh: expect.closeTo(11.5, 9),
    export_kwh: expect.closeTo(2.5, 9),
  });
});

test('the energy of a day is distributed by the power where it is known, with the same sum', async () => {
  const world = await SiteWorld.open(NOW, { timezone: ZONE });
  const meter = await world.device('Meter', 'meter', { intervals: { 'load.interval_kwh': '1d' } });
  const { start, end } = dayWindow('2026-03-29', ZONE);
  const evening = instantOfLocal('2026-03-29T18:00', ZONE);
  await world.report(meter, 'load.interval_kwh', samples([start, 50]));
  await world.report(
    meter,
    'load.power_kw',
    every(MINUTE_MS, start, end, (instant) => (instant >= evening ? 6 : 1)),
  );
  const { periods } = await balance(world, '2026-03-29', '2026-03-30', '1h');
  const total = periods.reduce((sum, { consumption_kwh: kwh }) => sum + (kwh ?? Number.NaN), 0);
  expect(total).toBeCloseTo(50, 9);
  expect(periods.at(-1)!.consumption_kwh! / periods[0]!.consumption_kwh!).toBeCloseTo(6, 9);
});

test('energy inside a window is counted once, for any intervals and any window', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('5m', '15m', '30m', '1h', '6h'),
      fc.array(fc.option(fc.double({ min: 0, max: 50, noNaN: true }), { nil: null }), { minLength: 1, maxLength: 40 }),
      async (width, values) => {
        const stepMs = { '5m': 5, '15m': 15, '30m': 30, '1h': 60, '6h': 360 }[width]! * MINUTE_MS;
        const world = await SiteWorld.open(NOW, { timezone: ZONE });
        const meter = await world.device('Meter', 'meter', { intervals: { 'load.interval_kwh': width } });
        const start = at('2026-03-28');
        const known = values.flatMap((kwh, i) => (kwh === null ? [] : [[start + i * stepMs, kwh] as Pair]));
        if (known.length === 0) return;
        await world.report(meter, 'load.interval_kwh', samples(...known));
        const window = { start: iso(start), end: iso(start + values.length * stepMs) };
        const { totals } = await world.energy.balance({ ...window, resolution: '1d' });
        expect(totals.consumption_kwh).toBeCloseTo(
          known.reduce((sum, [, kwh]) => sum + kwh, 0),
          6,
        );
        const days = await world.energy.balance({
          start: iso(start),
          end: iso(start + 12 * UTC_DAY_MS),
          resolution: '1d',
        });
        expect(days.totals.consumption_kwh).toBeCloseTo(totals.consumption_kwh!, 6);
      },
    ),
    { numRuns: 25 },
  );
});
