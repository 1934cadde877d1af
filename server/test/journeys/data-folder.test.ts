import { chmodSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { postReadings, settled, startService, temporaryFolder } from './service.ts';

it('a service in an existing folder with special characters in its path keeps readings across a restart, in files readable only by its user', async () => {
  const { path: base, remove } = temporaryFolder();
  onTestFinished(remove);
  const folder = join(base, `it's "odd" #%41 ~ [a]* é\n😀`);
  mkdirSync(folder);
  chmodSync(folder, 0o755);
  const first = await startService(folder);
  const timestamp = new Date(Date.now() - 60_000).toISOString();
  expect((await postReadings(first, { device_id: 'd', timestamp, values: { 'solar.power_kw': 3 } })).status).toBe(202);
  await settled(first);
  expect(modes(folder)).toEqual([]);
  expect(await first.stop()).toBe(0);
  const second = await startService(folder);
  expect(await second.json('/api/v1/telemetry/latest')).toMatchObject({
    items: [{ values: { 'solar.power_kw': { value: 3 } } }],
  });
  expect(await second.json('/health')).toMatchObject({ status: 'healthy' });
  expect(modes(folder)).toEqual([]);
  expect(await second.stop()).toBe(0);
}, 120_000);

/** Paths that others may read: the folder itself and everything below it. */
function modes(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return ['', ...names].filter((name) => {
    const found = statSync(join(folder, name), { throwIfNoEntry: false });
    return found !== undefined && (found.mode & 0o077) !== 0;
  });
}
