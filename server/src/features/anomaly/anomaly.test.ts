import { HOUR_MS, MINUTE_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { every, SiteWorld } from '../../../test/energy/site-world.ts';
import { InvalidInput, NotFound } from '../../domain/errors.ts';
import { MetricCatalogue } from '../../domain/metric-catalogue.ts';
import { ModelPool } from '../../jobs/model-pool.ts';
import { ExaminedTimes } from './examined.ts';
import { AnomalyService } from './service.ts';

/** A Wednesday at noon in Warsaw; the weeks before include the change to summer time. */
const NOW = Date.parse('2026-04-15T10:00:00Z');
const iso = (instant: number) => new Date(instant).toISOString();

const catalogue = new MetricCatalogue();
const models = new ModelPool({ threads: 1 });
afterAll(() => models.close());

const hourOf = (at: number) => new Date(at + (at >= Date.UTC(2026, 2, 29, 1) ? 2 : 1) * HOUR_MS).getUTCHours();
const chance = (at: number) => {
  const x = Math.sin((at / MINUTE_MS) * 12.9898) * 43758.5453;
  return x - Math.floor(x);
};

type Change = (at: number, normal: number) => number;
const between =
  (from: number, to: number, change: (normal: number) => number): Change =>
  (at, normal) =>
    at >= from && at < to ? change(normal) : normal;

/** 20 kW from 06:00 to 22:00, else 2; a hall at 20 °C. Both with noise. */
async function world({
  power = (_, kw) => kw,
  indoors = (_, c) => c,
  days = 40,
}: Partial<{ power: Change; indoors: Change; days: number }> = {}) {
  const site = await SiteWorld.open(NOW, { timezone: 'Europe/Warsaw' });
  const press = await site.device('Press', 'machine', { expectedIntervalS: 300 });
  const step = 5 * MINUTE_MS;
  const normal = (at: number) => (hourOf(at) >= 6 && hourOf(at) < 22 ? 20 + 4 * chance(at) : 2 + 0.2 * chance(at));
  const start = NOW - days * UTC_DAY_MS;
  await site.report(
    press,
    'energy.power_kw',
    every(step, start, NOW, (at) => power(at, normal(at))),
  );
  await site.report(
    press,
    'environment.indoor_temp_c',
    every(step, start, NOW, (at) => indoors(at, 20 + Math.round(10 * chance(at)) / 10)),
  );
  const { queries, devices, energy, records } = site;
  const service = new AnomalyService({
    ...{ queries, devices, energy, models, now: () => site.now },
    describe: (metric) => catalogue.describe(metric),
    baselines: records.baselines,
    calendars: records.calendars,
    sites: records.sites,
    anomalies: records.anomalies,
    examined: new ExaminedTimes(records.namedStates),
  });
  const today = { machine_id: 'Press', contamination: 0.1 };
  return { site, press, service, today };
}

const AT = Date.parse('2026-04-15T05:00:00Z');

describe('anomalies of a machine', () => {
  it('are not found on a normal day', async () => {
    const { service, today } = await world();
    expect(await service.detect(today)).toMatchObject({
      machine_name: 'Press',
      anomalies_detected: 0,
      anomalies: [],
      baseline_model_version: null,
      time_period: { start: iso(NOW - UTC_DAY_MS), end: iso(NOW) },
    });
  });

  it('have a time, a size, reasons and an energy', async () => {
    const { service, today } = await world({ power: between(AT, AT + 2 * HOUR_MS, (kw) => kw + 15) });
    const { anomalies } = await service.detect(today);
    expect(anomalies).toHaveLength(1);
    const [spike] = anomalies;
    expect(spike).toMatchObject({
      anomaly_type: 'power_spike',
      severity: 'critical',
      metric_name: 'energy.power_kw',
      unit: 'kW',
      start: iso(AT),
      end: iso(AT + 2 * HOUR_MS),
      is_resolved: false,
    });
    // Means of 20–24 kW plus 15 kW, compared with the expected power of such hours.
    expect(spike?.metric_value).toBeCloseTo(37, 0);
    expect(spike?.expected_value).toBeCloseTo(22, 0);
    expect(spike?.extra_energy_kwh).toBeCloseTo(30, -0.5);
    expect(spike?.confidence_score).toBeGreaterThan(0.9);
    expect(spike?.reasons[0]?.feature).toMatch(/deviation/);
    expect(spike?.reasons.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 9);
  });

  it.each([
    ['less than expected', between(AT, AT + 3 * HOUR_MS, (kw) => 0.3 * kw), 'drop'],
    ['running at an idle hour', between(AT - 7 * HOUR_MS, AT - 4 * HOUR_MS, (kw) => kw + 8), 'unusual_pattern'],
    ['more all day', between(AT - 20 * HOUR_MS, NOW, (kw) => 1.4 * kw), 'efficiency_drop'],
  ] as const)('are classified by type: %s', async (_, power, type) => {
    const { service, today } = await world({ power });
    const { anomalies } = await service.detect(today);
    expect(anomalies.map(({ anomaly_type }) => anomaly_type)).toEqual([type]);
  });

  it('are found for sensors: an abnormal temperature, and one that repeats its value', async () => {
    const hot = await world({ indoors: between(AT, AT + HOUR_MS, (c) => c + 9) });
    expect((await hot.service.detect(hot.today)).anomalies).toMatchObject([
      {
        anomaly_type: 'temperature_spike',
        metric_name: 'environment.indoor_temp_c',
        unit: '°C',
        extra_energy_kwh: null,
      },
    ]);
    const stuck = await world({ indoors: between(AT, AT + 4 * HOUR_MS, () => 20.4) });
    expect((await stuck.service.detect(stuck.today)).anomalies).toMatchObject([
      {
        anomaly_type: 'stuck_sensor',
        metric_value: 20.4,
        expected_value: null,
        deviation_percent: null,
        start: iso(AT),
      },
    ]);
  });

  it('are not found for a set point, which is constant until a user changes it', async () => {
    const setPoint = (at: number) => (at < NOW - 10 * UTC_DAY_MS ? 20 : 21);
    const { service, today } = await world({ indoors: setPoint });
    expect((await service.detect(today)).anomalies).toEqual([]);
  });

  it('of stuck sensors are no longer reported after a label "wrong" either', async () => {
    const still = between(AT, AT + 4 * HOUR_MS, () => 20.4);
    const { service, today, site } = await world({ indoors: still });
    const [event] = (await service.detect(today)).anomalies;
    await service.label(event?.id as string, 'ann', 'wrong');
    expect((await service.detect(today)).anomalies).toEqual([]);
    const reads = vi.spyOn(site.queries, 'stream');
    const before = { ...today, end: iso(AT - 12 * HOUR_MS) };
    expect((await service.detect(before)).anomalies).toEqual([]);
    // Rollups show that no value repeats, so no month of samples is read.
    expect(reads).not.toHaveBeenCalled();
  });

  it('remain the same event while they continue, with its comments', async () => {
    const { site, service, today } = await world({ power: between(AT, NOW, (kw) => kw + 15) });
    const published: string[] = [];
    service.subscribe(({ id, end }) => published.push(`${id} ${end}`));
    site.now = AT + 90 * MINUTE_MS;
    const [early] = (await service.detect(today)).anomalies;
    const id = early?.id as string;
    await service.comment(id, 'ann', 'the new tool');
    site.now = NOW;
    const [late] = (await service.detect(today)).anomalies;
    expect(late).toMatchObject({ id, start: iso(AT), end: iso(NOW), detected_at: early?.detected_at });
    expect((await service.recent({ limit: 10 })).total_count).toBe(1);
    expect((await service.detail(id)).events).toMatchObject([{ actor: 'ann', kind: 'comment', text: 'the new tool' }]);
    expect(published).toEqual([`${id} ${early?.end}`, `${id} ${early?.end}`, `${id} ${iso(NOW)}`]);
  });

  it('can be resolved, reopened and listed', async () => {
    const { service, today, press } = await world({ power: between(AT, AT + 2 * HOUR_MS, (kw) => kw + 15) });
    const [spike] = (await service.detect(today)).anomalies;
    const id = spike?.id as string;
    expect(await service.resolve(id, 'ann', 'trial run')).toMatchObject({ is_resolved: true });
    expect(await service.active({ limit: 10 })).toEqual({
      total_count: 0,
      anomalies: [],
      examined: [expect.anything()],
    });
    expect(await service.recent({ machine_id: press.id, severity: 'critical', limit: 10 })).toMatchObject({
      total_count: 1,
      anomalies: [{ id, is_resolved: true }],
    });
    expect((await service.detect(today)).anomalies).toMatchObject([{ id, is_resolved: true }]);
    await service.reopen(id, 'bob', undefined);
    expect((await service.active({ limit: 10 })).total_count).toBe(1);
    expect((await service.page({ type: 'drop', limit: 10 })).items).toEqual([]);
    expect((await service.page({ end: iso(AT), limit: 10 })).items).toEqual([]);
  });

  it('show what was expected around them', async () => {
    const { service, today } = await world({ power: between(AT, AT + 2 * HOUR_MS, (kw) => kw + 15) });
    const [spike] = (await service.detect(today)).anomalies;
    const { series } = await service.detail(spike?.id as string);
    const at = series?.timestamps.indexOf(iso(AT)) ?? -1;
    expect(series?.value[at]).toBeGreaterThan(series?.upper[at] ?? Number.NaN);
    expect(series?.value[at - 4]).toBeLessThan(series?.upper[at - 4] ?? Number.NaN);
    expect(series?.timestamps[0]).toBe(iso(AT - 6 * HOUR_MS));
  });

  it('labelled wrong are no longer reported, unless the next one deviates further', async () => {
    const { site, service, today } = await world({
      power: (at, kw) =>
        between(
          AT,
          AT + 2 * HOUR_MS,
          (one) => one + 15,
        )(at, between(AT - 24 * HOUR_MS, AT - 23 * HOUR_MS, (one) => one + 6)(at, kw)),
    });
    site.now = AT - 20 * HOUR_MS;
    const [small] = (await service.detect(today)).anomalies;
    expect(small).toMatchObject({ anomaly_type: 'power_spike', start: iso(AT - 24 * HOUR_MS) });
    await service.label(small?.id as string, 'ann', 'wrong');
    expect((await service.detail(small?.id as string)).label).toBe('wrong');
    expect((await service.detect(today)).anomalies).toEqual([]);
    site.now = NOW;
    expect((await service.detect(today)).anomalies).toMatchObject([{ start: iso(AT) }]);
    await service.label(small?.id as string, 'ann', 'right');
    site.now = AT - 20 * HOUR_MS;
    expect((await service.detect(today)).anomalies).toHaveLength(1);
  });

  it('are detected automatically, and devices that cannot be assessed are listed', async () => {
    const { site, service } = await world({ power: between(AT, AT + 2 * HOUR_MS, (kw) => kw + 15) });
    const young = await site.device('Saw', 'machine', { expectedIntervalS: 300 });
    await site.report(
      young,
      'energy.power_kw',
      every(5 * MINUTE_MS, NOW - UTC_DAY_MS, NOW, () => 3),
    );
    await site.device('Silent', 'machine', { expectedIntervalS: 300 });
    const result = await service.detectAll(new AbortController().signal, () => {});
    expect(result).toMatchObject({ devices: 1, anomalies: 1, left_out: [{ name: 'Saw' }] });
    expect(result.left_out[0]?.reason).toMatch(
      /1\.0 days of Saw .* 7\.0 are needed .* collect data for 6\.0 more days/,
    );
  });

  it('are also found in history once there is enough data, and each answer shows the examined periods', async () => {
    const then = NOW - 20 * UTC_DAY_MS;
    const { site, press, service } = await world({ power: between(then, then + 2 * HOUR_MS, (kw) => kw + 15) });
    await site.device('Silent', 'machine', { expectedIntervalS: 300 });
    const before = await service.page({ limit: 10 });
    expect(before).toMatchObject({ items: [], examined: [{ machine_id: press.id, time_periods: [] }] });
    const run = () => service.detectAll(new AbortController().signal, () => {});
    expect(await run()).toMatchObject({ devices: 1, anomalies: 1, to_do: 0 });
    const after = await service.page({ limit: 10 });
    expect(after.items[0]?.start).toBe(iso(then));
    const periods = [{ start: iso(NOW - 33 * UTC_DAY_MS), end: iso(NOW) }];
    expect(after.examined).toEqual([{ machine_id: press.id, machine_name: 'Press', time_periods: periods }]);
    expect((await service.recent({ limit: 10 })).examined[0]?.time_periods).toEqual(periods);
    expect((await service.active({ limit: 10, machine_id: 'Press' })).examined).toHaveLength(1);
    // A later run examines only the last days.
    site.now = NOW + HOUR_MS;
    const messages: string[] = [];
    await service.detectAll(new AbortController().signal, (_, message = '') => messages.push(message));
    expect(messages).toEqual(['Press']);
  });

  it('are rejected for invalid windows and machines', async () => {
    const { service, today, site } = await world({ days: 10 });
    await site.device('Silent', 'machine', { expectedIntervalS: 300 });
    await expect(service.detect({ ...today, machine_id: 'Silent' })).rejects.toThrow(NotFound);
    const backwards = service.detect({ ...today, start: iso(NOW), end: iso(NOW - 1) });
    await expect(backwards).rejects.toThrow(InvalidInput);
    await expect(backwards).rejects.toThrow(/start must be before the end and at most 92 days away/);
    await expect(service.detect({ ...today, contamination: 0.7 })).rejects.toThrow(/at most 0.5; got 0.7/);
    const ahead = service.detect({ ...today, start: iso(NOW + HOUR_MS), end: iso(NOW + 2 * HOUR_MS) });
    await expect(ahead).rejects.toThrow(/start must not be in the future; got 2026-04-15T11/);
    const empty = service.detect({ ...today, start: iso(NOW - 300 * UTC_DAY_MS), end: iso(NOW - 290 * UTC_DAY_MS) });
    await expect(empty).rejects.toThrow(/0\.0 days of Press are known/);
  });
});
