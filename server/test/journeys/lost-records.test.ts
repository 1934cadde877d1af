import { rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import type { Health } from '@wattkeeper/contract/service.ts';
import { expect, it } from 'vitest';
import { postReadings, type Service, settled, startService, temporaryFolder } from './service.ts';

const START = '2026-03-01T00:00:00Z';

async function shown(service: Service): Promise<[string, string, number[]][]> {
  const { series } = await service.json<{ series: { device_name: string; metric: string; value: number[] }[] }>(
    `/api/v1/telemetry?bucket=raw&start=${START}&end=2026-03-02T00:00:00Z`,
  );
  return series.map(({ device_name, metric, value }) => [device_name, metric, value]);
}

it.each([
  ['removed', (path: string) => rmSync(path)],
  ['emptied', (path: string) => truncateSync(path)],
])('shows the readings of every store again, under their devices, after the records were %s', async (_, damage) => {
  const folder = temporaryFolder();
  let service = await startService(folder.path);
  try {
    const values = { 'solar.power_kw': 3, 'battery.soc_percent': 50 };
    await postReadings(service, [
      { device_id: 'roof', timestamp: START, values },
      { device_id: 'meter', timestamp: START, values: { 'grid.power_kw': 1 } },
    ]);
    await settled(service);
    const before = await shown(service);
    expect(before).toHaveLength(3);
    await service.stop();
    damage(join(folder.path, 'wattkeeper.db'));

    service = await startService(folder.path);
    expect(await shown(service)).toEqual(before);
    const { warnings } = await service.json<Health>('/health');
    expect(warnings.join()).toMatch(/2 devices were recovered from what stores have, 0 of them without their names/);
    // The next reading of a device is added to its series.
    await postReadings(service, {
      device_id: 'roof',
      timestamp: '2026-03-01T00:01:00Z',
      values: { 'solar.power_kw': 4 },
    });
    expect((await shown(service)).find(([, metric]) => metric === 'solar.power_kw')).toEqual([
      'roof',
      'solar.power_kw',
      [3, 4],
    ]);
  } finally {
    await service.kill();
    folder.remove();
  }
});

it('does not restore a deleted device', async () => {
  const folder = temporaryFolder();
  let service = await startService(folder.path);
  try {
    await postReadings(service, { device_id: 'roof', timestamp: START, values: { 'solar.power_kw': 3 } });
    await settled(service);
    const { items } = await service.json<{ items: { id: string }[] }>('/api/v1/devices');
    expect((await service.request(`/api/v1/devices/${items[0]!.id}?confirm=roof`, { method: 'DELETE' })).status).toBe(
      202,
    );
    await service.stop();
    service = await startService(folder.path);
    expect(await shown(service)).toEqual([]);
  } finally {
    await service.kill();
    folder.remove();
  }
});
