import { HOUR_MS, SECOND_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import pino from 'pino';
import { afterAll, expect, test } from 'vitest';
import { openPipeline, type Pipeline } from '../../src/assembly/pipeline.ts';
import { loadConfig } from '../../src/config/load.ts';
import { temporaryFolder } from './service.ts';

const NOON = Date.UTC(2026, 5, 1, 12);
const folder = temporaryFolder();
afterAll(folder.remove);

let clock = NOON;
const start = () =>
  openPipeline({
    config: loadConfig({
      environment: { WATTKEEPER_DATA_DIR: folder.path, WATTKEEPER_INGEST__STORE_PAUSE_MS: '1' },
    }),
    log: pino({ level: 'silent' }),
    now: () => clock,
    withoutStores: true,
  });

async function send({ intake }: Pipeline, device: string, at: number): Promise<void> {
  const reading = { device_id: device, timestamp: new Date(at).toISOString(), values: { 'load.power_kw': 1 } };
  expect(await intake.acceptReadings([reading])).toMatchObject({ accepted: 1, durable: true });
}

test('a clock that jumps ahead does not freeze the latest values, neither of devices that report nor of silent ones, also after a restart', async () => {
  let pipeline = await start();
  const newest = (name: string) => {
    const id = pipeline.directory.find(name)?.id ?? '';
    return pipeline.queries.latest([id]).map(({ timestamp }) => timestamp);
  };
  const devices = ['busy', 'silent'];
  for (const name of devices) await send(pipeline, name, NOON);
  clock = NOON + 3 * UTC_DAY_MS;
  for (const name of devices) await send(pipeline, name, clock);
  expect(devices.map(newest)).toEqual([[clock], [clock]]);

  clock = NOON + 10 * SECOND_MS;
  await send(pipeline, 'busy', clock);
  expect(newest('busy')).toEqual([clock]);
  await expect.poll(() => newest('silent')).toEqual([NOON]);
  await pipeline.close(5_000);

  pipeline = await start();
  expect(devices.map(newest)).toEqual([[clock], [NOON]]);
  clock += HOUR_MS;
  for (const name of devices) await send(pipeline, name, clock);
  expect(devices.map(newest)).toEqual([[clock], [clock]]);
  await pipeline.close(5_000);
});
