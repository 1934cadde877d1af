import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Health } from '@wattkeeper/contract/service.ts';
import { afterAll, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { describeWith } from '../needs.ts';
import { INFLUXES } from './influx.ts';
import { startService, temporaryFolder } from './service.ts';

const START = Date.parse('2026-03-28T00:00:00Z');

for (const [part, version, start] of INFLUXES) {
  describeWith(part, `an InfluxDB ${version} next to the embedded store`, (program) => {
    const folder = temporaryFolder();
    const closers: (() => unknown)[] = [folder.remove];
    afterAll(async () => {
      for (const close of closers.reverse()) await close();
    });

    it('that is unreachable during ingest delays no request, and contains every reading once after it is back', async () => {
      const data = join(folder.path, 'influx');
      mkdirSync(data);
      const influx = await start(data, program);
      closers.push(() => influx.stop());
      const config = join(folder.path, 'wattkeeper.yaml');
      const store = { type: 'influxdb', url: influx.url, database: 'home', ...influx.access };
      writeFileSync(config, stringify({ stores: [{ type: 'duckdb' }, store] }));
      const service = await startService(folder.path, {
        WATTKEEPER_CONFIG: config,
        WATTKEEPER_INGEST__STORE_PAUSE_MS: '50',
      });
      closers.push(() => service.kill());
      const send = async (from: number, count: number) => {
        const readings = Array.from({ length: count }, (_, i) => ({
          device_id: 'meter',
          timestamp: new Date(START + (from + i) * 1000).toISOString(),
          values: { 'grid.power_kw': from + i },
        }));
        const headers = { 'content-type': 'application/json' };
        const answer = await service.request('/api/v1/readings', {
          method: 'POST',
          headers,
          body: JSON.stringify(readings),
        });
        expect(await answer.json()).toMatchObject({ accepted: count, durable: true });
      };
      const storeHealth = async () => (await service.json<Health>('/health')).stores[1];
      await send(0, 500);
      await expect.poll(async () => (await storeHealth())?.lag_batches).toBe(0);

      await influx.stop();
      for (let at = 500; at < 3000; at += 250) await send(at, 250);
      await expect.poll(async () => (await storeHealth())?.status).toBe('failed');
      expect((await service.json<Health>('/health')).warnings.join()).toMatch(/InfluxDB at .* does not answer/);

      await influx.startAgain();
      await expect.poll(async () => (await storeHealth())?.lag_batches).toBe(0);
      const query = encodeURIComponent('SELECT count(power_kw), min(power_kw), max(power_kw), sum(power_kw) FROM grid');
      const answer = (await influx.post(`/query?db=home&q=${query}`)) as {
        results: { series: { values: number[][] }[] }[];
      };
      expect(answer.results[0]?.series[0]?.values[0]?.slice(1)).toEqual([3000, 0, 2999, (2999 * 3000) / 2]);
      expect((await storeHealth())?.status).toBe('ok');
    });
  });
}
