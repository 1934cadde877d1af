import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HOUR_MS, MINUTE_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { expect, it, onTestFinished } from 'vitest';
import { batch } from '../../../test/conformance/telemetry-blocks.ts';
import { MeteredStore } from '../../storage/layers/metered-store.ts';
import { openTelemetryStore } from '../../storage/open-store.ts';

const DAY = Date.UTC(2026, 0, 15);

it('reports the size of a store relative to its values in plain binary', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'monitor-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const store = await openTelemetryStore({ type: 'duckdb', path: join(folder, 'telemetry.duckdb') });
  onTestFinished(() => store.close());
  let now = 0;
  const metered = new MeteredStore('duckdb', store, () => now);
  const ratio = async () => metered.compressionRatio(await store.stats());
  expect(await ratio()).toBeNull();

  const minutes = Array.from({ length: UTC_DAY_MS / MINUTE_MS }, (_, i) => DAY + i * MINUTE_MS);
  await metered.write([
    batch(
      'energy',
      minutes.map((at, i) => ['d', at, { a: i, b: 2 * i }]),
    ),
  ]);
  const size = async () => (await store.stats()).sizeBytes as number;
  expect(await ratio()).toBeCloseTo((2 * 1440 * 16) / (await size()), 9);

  // Other rows contain other numbers of values; they are counted once an hour.
  const next = minutes.map((at) => at + UTC_DAY_MS);
  await metered.write([
    batch(
      'energy',
      next.map((at, i) => ['d', at, { a: i }]),
    ),
  ]);
  expect(await ratio()).toBeCloseTo((2 * 2880 * 16) / (await size()), 9);
  now += HOUR_MS + 1;
  expect(await ratio()).toBeCloseTo((3 * 1440 * 16) / (await size()), 9);
});
