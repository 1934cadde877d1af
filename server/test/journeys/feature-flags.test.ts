import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Service, startService, temporaryFolder } from './service.ts';

const folder = temporaryFolder();
let service: Service;
beforeAll(async () => {
  service = await startService(folder.path);
});
afterAll(async () => {
  await service.stop();
  folder.remove();
});

const set = (enabled: boolean) =>
  service.request('/api/v1/features/analytics_dashboard', {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ enabled }),
  });

it('what a flag stands for is gone while it is off, and back when it is on, without a restart', async () => {
  const status = async (path: string) => (await service.request(`/api/v1${path}`)).status;
  expect(await status('/analytics/reports')).toBe(200);
  await set(false);
  for (const path of [
    '/analytics/reports',
    '/analytics/summary',
    '/kpi/all?machine_id=x',
    '/baseline/models?machine_id=x',
  ]) {
    const answer = await service.request(`/api/v1${path}`);
    expect([path, answer.status]).toEqual([path, 404]);
    expect(await answer.json()).toMatchObject({
      code: 'feature_disabled',
      detail: expect.stringContaining('"analytics_dashboard"'),
    });
  }
  expect(await status('/telemetry/latest')).toBe(200);
  await set(true);
  expect(await status('/analytics/reports')).toBe(200);
});
