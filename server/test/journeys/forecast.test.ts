import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { postReadings, type Service, startService, temporaryFolder } from './service.ts';

const DAYS = 20;
const folder = temporaryFolder();
let service: Service;

/** kW of the hours up to now: 20 from 18:00 to 22:00 (UTC), otherwise 5. */
function hoursOf(device: string, days: number) {
  const now = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
  return Array.from({ length: days * 24 }, (_, i) => {
    const at = now - (days * 24 - i) * HOUR_MS;
    const hour = (at / HOUR_MS) % 24;
    return {
      device_id: device,
      timestamp: new Date(at).toISOString(),
      values: { 'energy.power_kw': (hour >= 6 && hour < 22 ? 20 : 5) + ((i * 7919) % 100) / 100 },
    };
  });
}

beforeAll(async () => {
  service = await startService(folder.path);
  for (const [device, days] of [
    ['Press', DAYS],
    ['Saw', 3],
  ] as const) {
    expect((await postReadings(service, hoursOf(device, days))).status).toBe(202);
  }
});
afterAll(async () => {
  await service.stop();
  folder.remove();
});

const problemOf = async (path: string) => {
  const answer = await service.request(`/api/v1/forecast/${path}`);
  return [answer.status, await answer.json()];
};

it('forecasts the reported load, and stores the choice of its model', async () => {
  const path = '/api/v1/forecast/demand?machine_id=Press&horizon=24h';
  const found = await service.json<{
    predictions: { timestamp: string; predicted_power_kw: number }[];
    model: { chosen_at: string };
  }>(path);
  expect(found.predictions).toHaveLength(24);
  for (const { timestamp, predicted_power_kw: kw } of found.predictions) {
    const hour = new Date(timestamp).getUTCHours();
    expect(Math.abs(kw - (hour >= 6 && hour < 22 ? 20.5 : 5.5))).toBeLessThan(4);
  }
  // The forecast may have been recomputed, since a new hour may have begun.
  const again = await service.json<{ model: { chosen_at: string } }>(path);
  expect(again.model.chosen_at).toBe(found.model.chosen_at);
});

it('reports errors, and how much more history is needed', async () => {
  expect(await problemOf('demand?machine_id=Saw')).toEqual([
    422,
    expect.objectContaining({
      detail: expect.stringMatching(/Saw is known for 3\.0 days.* collect data for about 11 more days/),
    }),
  ]);
  expect(await problemOf('demand?machine_id=Lathe')).toEqual([404, expect.objectContaining({ code: 'not_found' })]);
  expect(await problemOf('demand?machine_id=Press&horizon=2h')).toEqual([
    422,
    expect.objectContaining({ errors: [expect.objectContaining({ field: 'horizon' })] }),
  ]);
  expect(await problemOf('solar')).toEqual([
    422,
    expect.objectContaining({ detail: expect.stringContaining('location') }),
  ]);
});

it('schedules several shiftable loads', async () => {
  const loads = [
    { name: 'oven', energy_kwh: 30, duration_minutes: 180 },
    { name: 'pump', energy_kwh: 5, duration_minutes: 60 },
  ];
  const answer = await service.json<{ chosen_by: string; loads: { name: string; explanation: string }[] }>(
    '/api/v1/forecast/optimal-schedule',
    { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ loads }) },
  );
  expect(answer.chosen_by).toBe('demand');
  expect(answer.loads.map(({ name }) => name)).toEqual(['oven', 'pump']);
});

it('is unavailable while the flag is off', async () => {
  const set = (enabled: boolean) =>
    service.request('/api/v1/features/forecasting', {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ enabled }),
    });
  await set(false);
  expect(await problemOf('demand?machine_id=Press')).toEqual([
    404,
    expect.objectContaining({ code: 'feature_disabled' }),
  ]);
  await set(true);
  expect((await problemOf('demand?machine_id=Press'))[0]).toBe(200);
});
