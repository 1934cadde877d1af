import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Health } from '@wattkeeper/contract/service.ts';
import { expect, it, onTestFinished } from 'vitest';
import { describeWith } from '../needs.ts';
import { startInflux } from './influx.ts';
import { postReadings, settled, startService, temporaryFolder } from './service.ts';

const START = Date.parse('2026-03-28T00:00:00Z');

describeWith('INFLUXD', 'a hanging store', (influxd) => {
  it('is replaced by the next store for queries, is shown with its latency, and is used again once it responds', async () => {
    const [data, folder] = [temporaryFolder(), temporaryFolder()];
    onTestFinished(data.remove);
    onTestFinished(folder.remove);
    const influx = await startInflux(data.path, influxd);
    onTestFinished(() => influx.stop());
    const file = join(folder.path, 'wattkeeper.yaml');
    const first = `  - type: influxdb\n    url: ${influx.url}\n    read_timeout_ms: 1000\n    timeout_ms: 600000\n`;
    writeFileSync(file, `ingest:\n  store_pause_ms: 50\nstores:\n${first}  - type: duckdb\n`);
    let service = await startService(folder.path, { WATTKEEPER_CONFIG: file });
    onTestFinished(() => service.kill());
    const sent = Array.from({ length: 10 }, (_, i) => ({
      device_id: 'meter',
      timestamp: new Date(START + i * 60_000).toISOString(),
      values: { 'grid.power_kw': i },
    }));
    expect((await postReadings(service, sent)).status).toBe(202);
    await settled(service);
    const ask = () =>
      service.json<{ series: { value: number[] }[]; warnings: string[] }>(
        `/api/v1/telemetry?device_id=meter&bucket=raw&start=${sent[0]!.timestamp}&end=2026-03-29T00:00:00Z`,
      );
    const health = () => service.json<Health>('/api/v1/storage/health');
    const values = sent.map((_, i) => i);
    expect(await ask()).toMatchObject({ series: [{ value: values }], warnings: [] });

    influx.pause();
    const answers = await Promise.all([ask(), ask(), ask()]);
    for (const answer of [...answers, await ask()]) {
      expect(answer.series[0]?.value).toEqual(values);
      expect(answer.warnings).toEqual([
        expect.stringMatching(
          /^store influxdb cannot be read since .* \(it has not answered for 1 s\); this answer is from store duckdb, which is complete$/,
        ),
      ]);
    }
    const hanging = await health();
    expect(hanging).toMatchObject({ status: 'degraded', history: { status: 'complete', source: 'duckdb' } });
    expect(hanging.stores[0]).toMatchObject({ name: 'influxdb', status: 'failed' });
    expect(hanging.stores[0]!.latency_ms).toBeGreaterThan(700);

    influx.resume();
    await expect.poll(async () => (await health()).status, { interval: 200 }).toBe('healthy');
    expect(await ask()).toMatchObject({ series: [{ value: values }], warnings: [] });

    // It does not delay the stop or the start of the service either.
    influx.pause();
    const changed = { ...sent[9]!, values: { 'grid.power_kw': 99 } };
    expect((await postReadings(service, [changed])).status).toBe(202);
    void service.stop();
    await expect.poll(() => service.outcome()).toBe(0);
    service = await startService(folder.path, { WATTKEEPER_CONFIG: file });
    expect((await ask()).series[0]?.value).toEqual([...values.slice(0, 9), 99]);
    influx.resume();
    await expect.poll(async () => (await health()).status, { interval: 200 }).toBe('healthy');
    await settled(service);
    expect(await ask()).toMatchObject({ series: [{ value: [...values.slice(0, 9), 99] }], warnings: [] });
  });
});
