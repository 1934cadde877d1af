import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, expect, it } from 'vitest';
import { postReadings, startService, temporaryFolder } from './service.ts';

const folder = temporaryFolder();
afterAll(folder.remove);

function inRecords(sql: string): void {
  const records = new DatabaseSync(join(folder.path, 'wattkeeper.db'));
  records.exec(sql);
  records.close();
}

it('a series whose registration was not stored before the service ended exists after the next start, with its readings', async () => {
  await (await startService(folder.path)).stop();
  inRecords(`CREATE TRIGGER no_series BEFORE INSERT ON series BEGIN SELECT RAISE(ABORT, 'not now'); END`);
  let service = await startService(folder.path);
  const timestamp = new Date(Date.now() - 60_000).toISOString();
  const reading = { device_id: 'meter', timestamp, values: { 'load.power_kw': 1.5 } };
  expect((await postReadings(service, reading)).status).toBe(202);
  await service.stop();
  inRecords('DROP TRIGGER no_series');
  service = await startService(folder.path);
  const window = `start=2020-01-01T00:00:00Z&end=${new Date().toISOString()}`;
  const read = () => service.request(`/api/v1/telemetry?device_id=meter&bucket=raw&${window}`).then((it) => it.json());
  await expect.poll(read).toMatchObject({ series: [{ metric: 'load.power_kw', value: [1.5] }] });
  await service.kill();
});

it('a series that has not reported for years still has its latest value after the next start', async () => {
  const old = temporaryFolder();
  let service = await startService(old.path);
  const values = (timestamp: string, kw: number) => ({
    device_id: 'cabin',
    timestamp,
    values: { 'load.power_kw': kw },
  });
  const readings = [values('2019-07-01T10:00:00Z', 1), values('2020-02-29T23:59:00Z', 2)];
  for (const reading of readings) expect((await postReadings(service, reading)).status).toBe(202);
  await service.stop();
  service = await startService(old.path);
  await expect
    .poll(() => service.json('/api/v1/telemetry/latest'))
    .toMatchObject({
      items: [
        {
          device_name: 'cabin',
          values: { 'load.power_kw': { value: 2, timestamp: '2020-02-29T23:59:00.000Z' } },
        },
      ],
    });
  await service.stop();
  await old.remove();
});
