import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { postReadings, type Service, startService, temporaryFolder } from './service.ts';

const DAYS = 40;
/** The gap: nothing was reported between these hours before now. */
const GAP = { from: 22 * 24, to: 20 * 24 };
/** Names of values that must be absent from every response for a window without data. */
const MEASURED = /kwh|kw$|cost|revenue|carbon|load_factor|severity|self_|deviation|^score$|^value$|^percent$/;

/** Every measured value of a response, with its path. */
function measured(answer: unknown, path = ''): [path: string, value: unknown][] {
  if (Array.isArray(answer)) return answer.flatMap((one, i) => measured(one, `${path}[${i}]`));
  if (typeof answer !== 'object' || answer === null) {
    return MEASURED.test(
      path
        .split('.')
        .at(-1)!
        .replace(/\[\d+\]/, ''),
    )
      ? [[path, answer]]
      : [];
  }
  return Object.entries(answer).flatMap(([key, value]) => measured(value, `${path}.${key}`));
}

describe('a window without data', () => {
  const folder = temporaryFolder();
  let service: Service;
  let end: number;
  const iso = (hoursAgo: number) => new Date(end - hoursAgo * HOUR_MS).toISOString();
  beforeAll(async () => {
    service = await startService(folder.path);
    end = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
    const hours = Array.from({ length: DAYS * 24 }, (_, h) => DAYS * 24 - h).filter(
      (hoursAgo) => hoursAgo > GAP.from || hoursAgo <= GAP.to,
    );
    const readings = hours.map((hoursAgo) => {
      const count = Math.round(50 + 40 * Math.sin(hoursAgo * 2.3));
      const power = 5 + 0.4 * count + 0.3 * Math.sin(hoursAgo * 12.9898);
      const values = { 'energy.power_kw': power, 'production.count': count, 'solar.power_kw': 3, 'grid.power_kw': 30 };
      return { device_id: 'Press', timestamp: iso(hoursAgo), values };
    });
    expect((await postReadings(service, readings)).status).toBe(202);
    const once = { device_id: 'Once', timestamp: iso(240), values: { 'energy.power_kw': 4 } };
    expect((await postReadings(service, once)).status).toBe(202);
    await send('PATCH', '/api/v1/devices/Press', { expected_interval_s: 3600 });
    const training = { machine_id: 'Press', drivers: ['production_count'] };
    expect((await send('POST', '/api/v1/baseline/train', training)).status).toBe(200);
  });
  afterAll(async () => {
    await service.stop();
    folder.remove();
  });

  const send = (method: string, path: string, body: unknown) =>
    service.request(path, { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  const windows = (): Record<string, [string, string]> => ({
    'long ago': ['2020-01-01T00:00:00Z', '2020-01-03T00:00:00Z'],
    'in the future': ['2060-01-01T00:00:00Z', '2060-01-03T00:00:00Z'],
    'within a gap': [iso(GAP.from - 2), iso(GAP.to + 2)],
  });
  const figures = ['sec', 'peak-demand', 'load-factor', 'energy-cost', 'carbon', 'all'];
  const paths = [
    ...figures.map((figure) => `/api/v1/kpi/${figure}?machine_id=Press`),
    '/api/v1/baseline/deviation?machine_id=Press',
    '/api/v1/analytics/energy-balance?resolution=1h',
  ];

  it.each(paths)('is neither 0 kWh nor normal: %s', async (path) => {
    for (const [name, [from, to]] of Object.entries(windows())) {
      const answer = await service.json<{ coverage?: number; totals?: { coverage: number } }>(
        `${path}&start=${from}&end=${to}`,
      );
      expect(answer.coverage ?? answer.totals?.coverage, name).toBe(0);
      const known = measured(answer).filter(([where]) => !/adjustment|intercept|tariff/.test(where));
      expect(known.length, name).toBeGreaterThan(0);
      expect(known.filter(([, value]) => value !== null && value !== 'no_data')).toEqual([]);
    }
  });

  it('has no daily report and no quality score', async () => {
    for (const date of ['2020-01-01', '2060-01-01']) {
      const report = await service.request(`/api/v1/analytics/daily-report?date=${date}`);
      expect([report.status, ((await report.json()) as { code: string }).code]).toEqual([404, 'no_data']);
    }
    expect(await service.json('/api/v1/storage/quality?date=2020-01-01')).toMatchObject({
      score: null,
      completeness: null,
      findings: [],
    });
  });

  it('is reported for a single sample only where one is insufficient', async () => {
    const kpis = await service.json(`/api/v1/kpi/all?machine_id=Once&start=${iso(288)}&end=${iso(192)}`);
    expect((kpis as { coverage: number }).coverage).toBeLessThan(0.01);
    expect((kpis as { warnings: string[] }).warnings).toHaveLength(1);
    for (const path of ['/forecast/demand', '/forecast/peak']) {
      const forecast = await service.request(`/api/v1${path}?machine_id=Once`);
      expect([forecast.status, ((await forecast.json()) as { code: string }).code]).toEqual([404, 'no_data']);
    }
    const detected = await send('POST', '/api/v1/anomaly/detect', {
      machine_id: 'Once',
      start: iso(288),
      end: iso(192),
    });
    expect(detected.status).toBe(422);
    expect((await service.request('/api/v1/baseline/deviation?machine_id=Once')).status).toBe(404);
  });

  it.each([
    ['end', GAP.from + 24, GAP.from - 24],
    ['start', GAP.to + 24, GAP.to - 24],
  ])('at the %s of a range is excluded, and its share is shown', async (_, from, to) => {
    const range = `start=${iso(from)}&end=${iso(to)}`;
    const deviation = await service.json<Record<string, unknown>>(
      `/api/v1/baseline/deviation?machine_id=Press&${range}`,
    );
    expect(deviation.coverage as number).toBeGreaterThan(0.45);
    expect(deviation.coverage as number).toBeLessThan(0.55);
    expect(Math.abs(deviation.deviation_percent as number)).toBeLessThan(5);
    expect(deviation.warnings).toHaveLength(1);
    const balance = await service.json<{ totals: { import_kwh: number; coverage: number } }>(
      `/api/v1/analytics/energy-balance?${range}`,
    );
    expect(balance.totals.import_kwh / 30).toBeCloseTo(48 * balance.totals.coverage, 6);
    expect(balance.totals.coverage).toBeLessThan(0.55);
  });
});
