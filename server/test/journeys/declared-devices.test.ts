import type { Device } from '@wattkeeper/contract/device.ts';
import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import type { QualityReport } from '@wattkeeper/contract/storage/quality.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { postReadings, type Service, startService, temporaryFolder } from './service.ts';

/** A day that has passed, in UTC. */
const DAY = Math.floor(Date.now() / (24 * HOUR_MS)) * 24 * HOUR_MS - 48 * HOUR_MS;
const iso = (instant: number) => new Date(instant).toISOString();

describe('the declaration of a device', () => {
  const folder = temporaryFolder();
  let service: Service;
  beforeAll(async () => {
    service = await startService(folder.path);
    const readings = [
      [0, { 'load.power_kw': 2, 'solar.energy_kwh': 3 }],
      [5, { 'load.power_kw': 0, 'solar.energy_kwh': 3 }],
      [30, { 'load.power_kw': 0, 'solar.energy_kwh': 5 }],
    ] as const;
    const sent = readings.map(([hour, values]) => ({ device_id: 'Hub', timestamp: iso(DAY + hour * HOUR_MS), values }));
    expect((await postReadings(service, sent)).status).toBe(202);
  });
  afterAll(async () => {
    await service.stop();
    folder.remove();
  });

  const patch = (body: object) =>
    service.request('/api/v1/devices/Hub', {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const total = async (metric: string, aggregate: string) => {
    const window = `start=${iso(DAY)}&end=${iso(DAY + 31 * HOUR_MS)}&bucket=1h`;
    const path = `/api/v1/telemetry?device_id=Hub&metric=${metric}&aggregate=${aggregate}&${window}`;
    const { series } = await service.json<{ series: Record<string, (number | null)[]>[] }>(path);
    return series[0]![aggregate]!.reduce<number>((sum, value) => sum + (value ?? 0), 0);
  };

  it('determines the use of its readings immediately', async () => {
    expect(await total('load.power_kw', 'integral')).toBeCloseTo(0.5, 9);
    expect(await total('solar.energy_kwh', 'increase')).toBeCloseTo(2, 9);
    const declared = { holds_s: 12 * 3600, rated_power_kw: 10, counters: { 'solar.energy_kwh': 'reset_daily' } };
    const answer = await patch(declared);
    expect(answer.status).toBe(200);
    expect((await answer.json()) as Device).toMatchObject(declared);
    expect(await total('load.power_kw', 'integral')).toBeCloseTo(10, 9);
    expect(await total('solar.energy_kwh', 'increase')).toBeCloseTo(5, 9);
  });

  it('does not hide events of its counters: each is a finding with the uncertain amount', async () => {
    const valueAt = (hour: number) =>
      hour === 5 ? 0 : hour === 12 ? 21_600 : (hour < 18 ? 20_000 : 15_000) + hour / 2;
    const sent = Array.from({ length: 48 }, (_, hour) => ({
      device_id: 'Meter',
      timestamp: iso(DAY + (hour - 12) * HOUR_MS),
      values: { 'grid.energy_imported_kwh': valueAt(hour - 12) },
    }));
    expect((await postReadings(service, sent)).status).toBe(202);
    const report = await service.json<QualityReport>(`/api/v1/storage/quality?date=${iso(DAY).slice(0, 10)}`);
    const series = report.series.find(({ device_name }) => device_name === 'Meter')!;
    expect(series.counter_events).toMatchObject([
      { kind: 'misread', time_period: { start: iso(DAY + 5 * HOUR_MS) }, before: 20_002, after: 0, counted: 0 },
      { kind: 'misread', before: 20_005.5, after: 21_600, in_doubt: 1594.5 },
      { kind: 'replacement', before: 20_008.5, after: 15_009, counted: 0, in_doubt: 4999.5 },
    ]);
    expect(series.resets).toBe(1);
    expect(
      report.findings.filter(({ device_name, code }) => device_name === 'Meter' && code.startsWith('counter')),
    ).toMatchObject([
      { code: 'counter_replaced', severity: 'warning', amount_in_doubt: 4999.5 },
      { code: 'counter_misread', metric: 'grid.energy_imported_kwh', amount_in_doubt: 20_002 },
      { code: 'counter_misread', amount_in_doubt: 1594.5 },
    ]);
  });

  it('lets a user decide how an event is counted, which every result and report applies', async () => {
    const at = iso(DAY + 18 * HOUR_MS);
    const decide = (body: object) =>
      service.request('/api/v1/storage/quality/counter-decisions', {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ device_id: 'Meter', metric: 'grid.energy_imported_kwh', at, ...body }),
      });
    const grown = async () => {
      const window = `start=${iso(DAY)}&end=${iso(DAY + 24 * HOUR_MS)}&bucket=1h`;
      const path = `/api/v1/telemetry?device_id=Meter&metric=grid.energy_imported_kwh&aggregate=increase&${window}`;
      const { series } = await service.json<{ series: { increase: (number | null)[] }[] }>(path);
      return series[0]!.increase.reduce<number>((sum, value) => sum + (value ?? 0), 0);
    };
    const before = await grown();
    expect((await decide({ counts: 7 })).status).toBe(200);
    expect(await grown()).toBeCloseTo(before + 7, 9);
    const { findings } = await service.json<QualityReport>(`/api/v1/storage/quality?date=${iso(DAY).slice(0, 10)}`);
    expect(findings.find(({ code }) => code === 'counter_replaced')).toMatchObject({
      severity: 'info',
      detail: expect.stringMatching(/: 7 counted by decision$/),
      counter_event: { counted: 7, decided: true },
    });
    const path = '/api/v1/storage/quality/counter-decisions?device_id=Meter';
    expect(await service.json(path)).toMatchObject({ items: [{ device_name: 'Meter', at, counts: 7 }] });
    expect((await decide({ counts: null })).status).toBe(200);
    expect(await grown()).toBeCloseTo(before, 9);
    expect((await decide({ counts: 7, at: iso(DAY + 17 * HOUR_MS) })).status).toBe(404);
    expect((await decide({ counts: 7, metric: 'grid.power_kw' })).status).toBe(404);
    expect((await decide({ counts: 1e10 })).status).toBe(422);
  });

  it('sets the kind to machine when a device registers itself with the meter of a machine', async () => {
    const timestamp = iso(DAY);
    await postReadings(service, { device_id: 'Press', timestamp, values: { 'energy.power_kw': 3 } });
    const { items } = await service.json<{ items: Device[] }>('/api/v1/machines');
    expect(items.map(({ name, kind }) => [name, kind])).toEqual([['Press', 'machine']]);
    expect(await service.json('/api/v1/devices/Meter')).toMatchObject({ kind: 'other' });
  });

  it('is validated, with the allowed values in the error', async () => {
    for (const body of [
      { holds_s: 0 },
      { holds_s: 604_801 },
      { rated_power_kw: 0 },
      { counters: { 'a.b': 'weekly' } },
    ]) {
      expect((await patch(body)).status).toBe(422);
    }
    const many = Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`solar.c${i}_kwh`, 'net']));
    expect(await (await patch({ counters: many })).text()).toContain('100 metrics at most');
  });
});
