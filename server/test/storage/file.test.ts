import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Corrupt, Unavailable } from '../../src/domain/errors.ts';
import { FileOptions } from '../../src/storage/file/file-options.ts';
import { openFileStore } from '../../src/storage/file/file-store.ts';
import { openTelemetryStore, type StoreInput } from '../../src/storage/open-store.ts';
import { batch, rowsOf } from '../conformance/telemetry-blocks.ts';
import { telemetryStoreConformance } from '../conformance/telemetry-store.ts';

const T0 = Date.UTC(2026, 0, 15);
const at = (folder: string) => ({ type: 'file', path: folder, retention_days: null }) satisfies StoreInput;

telemetryStoreConformance('file', { open: (folder) => openTelemetryStore(at(folder)), inChild: at });

describe('the file store', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'files-'));
  });
  afterEach(() => rm(folder, { recursive: true }));
  const put = (name: string, content: unknown) =>
    writeFile(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
  const dayFiles = async () => (await readdir(folder)).filter((name) => name.startsWith('day-')).sort();

  it('writes one file per day that other programs can read', async () => {
    const store = await openTelemetryStore(at(folder));
    await store.write([
      batch('battery', [['d', T0, { soc_percent: 74.5 }]]),
      batch('grid', [['d', T0, { power_kw: -1 }]]),
    ]);
    await store.write([batch('grid', [['d', T0 + UTC_DAY_MS, { power_kw: 2 }]])]);
    await store.close();
    expect(await dayFiles()).toEqual(['day-2026-01-15.json.gz', 'day-2026-01-16.json.gz']);
    expect(gunzipSync(await readFile(join(folder, 'day-2026-01-15.json.gz'))).toString()).toBe(
      '{"timestamp":"2026-01-15T00:00:00.000Z","device":"d","values":{"battery.soc_percent":74.5,"grid.power_kw":-1}}\n',
    );
  });

  it('reads daily files of other programs: a list or lines, gzip or plain', async () => {
    const record = (hour: string, value: number) => ({
      timestamp: `2026-01-15T${hour}:00:00+01:00`,
      device_id: 'd',
      values: { 'g.v': value, 'g.text': 'x' },
    });
    await put('day-2026-01-15.json', [record('02', 2), record('01', 1)]);
    await writeFile(
      join(folder, 'day-2026-01-16.json.gz'),
      gzipSync(`${JSON.stringify({ ...record('03', 3), timestamp: '2026-01-16T00:00:00Z' })}\n`),
    );
    const store = await openTelemetryStore(at(folder));
    const expected = [
      ['d', T0, 1],
      ['d', T0 + 3_600_000, 2],
      ['d', T0 + UTC_DAY_MS, 3],
    ];
    expect(await rowsOf(store, 'g', ['d'], ['v'])).toEqual(expected);
    await store.write([batch('g', [['d', T0, { v: 9 }]])]);
    await store.compact(0, new AbortController().signal);
    expect(await dayFiles()).toEqual(['day-2026-01-15.json.gz', 'day-2026-01-16.json.gz']);
    expect(await rowsOf(store, 'g', ['d'], ['v'])).toEqual([['d', T0, 9], ...expected.slice(1)]);
    await store.close();
  });

  it('reads the records of older installations with lower priority than its own, and never changes them', async () => {
    const older = (soc: number | string, serial = 'GW1') => ({
      battery: { soc_percent: soc },
      grid: { current_power_w: 1500 },
      system: { inverter_serial: serial },
    });
    // Shortly after midnight in Warsaw, it is still the previous day in UTC.
    await put('energy_data_20260115_003000.json', older('61.5'));
    await writeFile(
      join(folder, 'energy_data_20260115_120000.json.gz'),
      gzipSync(JSON.stringify(older('Unknown'), null, 2)),
    );
    await put('energy_data_20260115_120001.json', '{"battery": {"soc_pe');
    await put('energy_data_20260116_120000.json', { ...older(50, 'Unknown'), timestamp: '2026-01-16T12:00:05Z' });
    const names = await readdir(folder);
    const open = () => openTelemetryStore({ ...at(folder), timezone: 'Europe/Warsaw' });
    const store = await open();
    const midnight = T0 - 30 * 60_000;
    expect(await rowsOf(store, 'battery', ['GW1', 'Inverter'], ['soc_percent'])).toEqual([
      ['GW1', midnight, 61.5],
      ['Inverter', T0 + UTC_DAY_MS + 12 * 3_600_000 + 5000, 50],
    ]);
    expect(await rowsOf(store, 'grid', ['GW1'], ['power_kw'])).toEqual([
      ['GW1', midnight, 1.5],
      ['GW1', T0 + 11 * 3_600_000, 1.5],
    ]);
    expect((await store.stats()).rows).toBe(5);
    await store.write([batch('battery', [['GW1', midnight, { soc_percent: 62 }]])]);
    expect(await rowsOf(store, 'battery', ['GW1'], ['soc_percent'])).toEqual([['GW1', midnight, 62]]);
    expect(await store.deleteBefore(T0, null)).toBe(2);
    await store.close();
    const again = await open();
    expect(await rowsOf(again, 'battery', ['GW1'], ['soc_percent'])).toEqual([]);
    expect((await again.series()).map(({ metric, count }) => [metric, count]).sort()).toEqual([
      ['battery.soc_percent', 1],
      ['grid.power_kw', 1],
      ['grid.power_kw', 1],
    ]);
    await again.close();
    expect(await readdir(folder)).toEqual(expect.arrayContaining(names));
  });

  const compact = (store: Awaited<ReturnType<typeof openFileStore>>) => store.compact(0, new AbortController().signal);
  const write = (store: Awaited<ReturnType<typeof openFileStore>>, days: readonly number[]) =>
    store.write(days.map((day) => batch('g', [['d', T0 + day * UTC_DAY_MS, { v: day }]])));

  it('deletes nothing by age unless configured to', async () => {
    const options = FileOptions.parse({ type: 'file' });
    expect(options).toMatchObject({ retention_days: null });
    const store = await openFileStore({ ...options, path: folder }, () => T0 + 5000 * UTC_DAY_MS);
    await write(store, [0, 1, 2]);
    await compact(store);
    expect(await dayFiles()).toHaveLength(3);
    expect(store.capabilities.bounded).toBe(false);
    await store.close();
  });

  it('keeps old readings that have just arrived for the whole retention, and deletes them after it', async () => {
    let now = T0 + 400 * UTC_DAY_MS;
    const store = await openFileStore(
      { ...FileOptions.parse({ type: 'file', retention_days: 7 }), path: folder },
      () => now,
    );
    expect(store.capabilities.bounded).toBe(true);
    const arrive = async (...days: number[]) => {
      await write(store, days);
      await store.stats();
      for (const day of days) {
        const name = `day-${new Date(T0 + day * UTC_DAY_MS).toISOString().slice(0, 10)}.json.gz`;
        await utimes(join(folder, name), now / 1000, now / 1000);
      }
      await compact(store);
    };
    await arrive(0, 1, 400);
    now += 6 * UTC_DAY_MS;
    await arrive(1);
    expect(await rowsOf(store, 'g', ['d'], ['v'])).toHaveLength(3);
    now += UTC_DAY_MS;
    await compact(store);
    expect(await dayFiles()).toEqual(['day-2026-01-16.json.gz', 'day-2027-02-19.json.gz']);
    now += 6 * UTC_DAY_MS;
    await compact(store);
    expect(await dayFiles()).toEqual([]);
    expect(await rowsOf(store, 'g', ['d'], ['v'])).toEqual([]);
    await store.close();
  });

  it('reports which file is damaged, and which process holds the folder', async () => {
    await writeFile(join(folder, 'day-2026-01-15.json.gz'), gzipSync('{"timestamp": "2026').subarray(0, 20));
    const store = await openTelemetryStore(at(folder));
    await expect(store.series()).rejects.toThrow(
      /day-2026-01-15.json.gz of the file store cannot be read: unexpected end/,
    );
    await expect(store.series()).rejects.toBeInstanceOf(Corrupt);
    await expect(openTelemetryStore(at(folder))).rejects.toBeInstanceOf(Unavailable);
    await store.close();
  });

  it('rejects an emptied file with instructions', async () => {
    const before = await openTelemetryStore(at(folder));
    await before.write([batch('grid', [['d', T0, { power_kw: 1 }]])]);
    await before.close();
    await put('day-2026-01-15.json.gz', '');
    const store = await openTelemetryStore(at(folder));
    await expect(store.series()).rejects.toThrow(/it is empty; restore it from a backup, or move it away/);
    await expect(rowsOf(store, 'grid', ['d'], ['power_kw'])).rejects.toBeInstanceOf(Corrupt);
    await store.close();
  });
});
