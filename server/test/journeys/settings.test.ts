import type { Device } from '@wattkeeper/contract/device.ts';
import { expect, it, onTestFinished } from 'vitest';
import { postReadings, startService, temporaryFolder } from './service.ts';

const JSON_BODY = { 'content-type': 'application/json' };

it('a device is stale after the number of reporting intervals in the settings', async () => {
  const folder = temporaryFolder();
  const service = await startService(folder.path);
  onTestFinished(async () => {
    await service.stop();
    folder.remove();
  });
  const send = (method: string, path: string, body: unknown) =>
    service.json<Device>(`/api/v1${path}`, { method, headers: JSON_BODY, body: JSON.stringify(body) });
  const { id } = await send('POST', '/devices', { name: 'Meter', expected_interval_s: 3600 });
  const timestamp = new Date(Date.now() - 10 * 3_600_000).toISOString();
  await postReadings(service, { device_id: 'Meter', timestamp, values: { 'grid.power_kw': 1 } });
  const status = async () => (await service.json<Device>(`/api/v1/devices/${id}`)).status;
  expect(await status()).toBe('stale');
  await send('PATCH', '/settings', { thresholds: { stale_after_intervals: 15 } });
  expect(await status()).toBe('online');
});
