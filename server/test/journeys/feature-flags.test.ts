import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ROOT, type Service, startService, TOKEN, temporaryFolder } from './service.ts';

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

it('a feature is unavailable while its flag is off, and available when it is on, without a restart', async () => {
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

it('the command line lists and switches them, in the service while it runs and on disk while it does not', async () => {
  const features = async (...argv: string[]) => {
    const environment = {
      PATH: process.env.PATH,
      WATTKEEPER_DATA_DIR: folder.path,
      WATTKEEPER_HTTP__PORT: new URL(service.url).port,
      WATTKEEPER_TOKEN: TOKEN,
    };
    const run = promisify(execFile)(process.execPath, ['server/src/main.ts', 'features', ...argv], {
      cwd: ROOT,
      env: environment,
    });
    return (await run).stdout;
  };
  expect(await features()).toMatch(/^on +analytics_dashboard/m);
  expect(await features('off', 'analytics_dashboard')).toMatch(/^off +analytics_dashboard/m);
  expect((await service.request('/api/v1/analytics/reports')).status).toBe(404);
  await expect(features('off', 'analytics')).rejects.toThrow(/no feature "analytics"; there are persistence/);
  await service.stop();
  expect(JSON.parse(await features('list', '--json')).items).toContainEqual(
    expect.objectContaining({ name: 'analytics_dashboard', enabled: false }),
  );
  await features('on', 'analytics_dashboard');
  service = await startService(folder.path);
  expect((await service.request('/api/v1/analytics/reports')).status).toBe(200);
});
