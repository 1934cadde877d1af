import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { zstdDecompressSync } from 'node:zlib';
import { tableFromIPC } from 'apache-arrow';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { postReadings, ROOT, type Service, startService, TOKEN, temporaryFolder } from './service.ts';

const folder = temporaryFolder();
const out = temporaryFolder();
const T0 = Date.parse('2026-03-01T00:00:00Z');
let service: Service;
let port: string;
beforeAll(async () => {
  service = await startService(folder.path);
  port = new URL(service.url).port;
  const readings = Array.from({ length: 300 }, (_, i) => ({
    device_id: i % 2 === 0 ? 'roof' : 'meter',
    timestamp: new Date(T0 + i * 60_000).toISOString(),
    values: { [i % 2 === 0 ? 'solar.power_kw' : 'grid.power_kw']: i / 10 },
  }));
  expect((await postReadings(service, readings)).status).toBe(202);
});
afterAll(async () => {
  await service.stop();
  folder.remove();
  out.remove();
});

async function run(...argv: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, ['server/src/main.ts', 'export', ...argv], {
    cwd: ROOT,
    env: {
      PATH: process.env.PATH,
      WATTKEEPER_DATA_DIR: folder.path,
      WATTKEEPER_HTTP__PORT: port,
      WATTKEEPER_TOKEN: TOKEN,
    },
  });
  return stdout;
}
const at = (name: string) => join(out.path, name);

it('writes the same file through a running service and from its folder, in every format', async () => {
  await run(at('running.csv'));
  await run('--json', at('running.parquet'));
  await run('--device', 'roof', '--start', '2026-03-01T01:00:00Z', '--end', '2026-03-01T02:00:00Z', at('part.csv'));
  await service.stop();
  const said = JSON.parse(await run('--json', at('alone.csv')));
  const csv = readFileSync(at('alone.csv'), 'utf8');
  expect(said).toEqual({ file: at('alone.csv'), format: 'csv', bytes: csv.length });
  expect(readFileSync(at('running.csv'), 'utf8')).toBe(csv);
  expect(await run('-')).toBe(csv);
  const lines = csv.trim().split('\r\n');
  expect(lines).toHaveLength(301);
  expect(lines.filter((line) => line.includes(',meter,grid.power_kw,kW,'))).toHaveLength(150);
  const part = readFileSync(at('part.csv'), 'utf8').trim().split('\r\n');
  expect(part).toHaveLength(31);
  expect(part[1]).toMatch(/^2026-03-01T01:00:00.000Z,.*,roof,solar.power_kw,kW,6$/);
  const compressors = { ZSTD: (packed: Uint8Array) => new Uint8Array(zstdDecompressSync(packed)) };
  const rows = await parquetReadObjects({ file: await asyncBufferFromFile(at('running.parquet')), compressors });
  expect(rows).toHaveLength(300);
  await run(at('alone.arrows'));
  const table = tableFromIPC(readFileSync(at('alone.arrows')));
  expect(table.numRows).toBe(300);
  expect(table.schema.names).toEqual(['timestamp', 'device_id', 'device_name', 'metric', 'unit', 'value']);
  await run('--metric', 'solar.power_kw', '--end', '2025-01-01T00:00:00Z', at('nothing.arrows'));
  expect(tableFromIPC(readFileSync(at('nothing.arrows'))).numRows).toBe(0);
});

it('leaves no incomplete file and overwrites none', async () => {
  await run(at('kept.csv'));
  await expect(run(at('kept.csv'))).rejects.toThrow(/kept.csv exists already/);
  await expect(run(at('x.json'))).rejects.toThrow(/must end in .csv, .parquet, .arrows; got/);
  await expect(run('--device', 'cellar', at('cellar.csv'))).rejects.toThrow(/cellar/);
  await expect(run('--start', 'yesterday', at('y.csv'))).rejects.toThrow(
    /--start <time>' argument 'yesterday' is invalid. It must be an ISO 8601 time/,
  );
  await expect(run(at('none/here.csv'))).rejects.toThrow(/cannot be written: .*no such file/);
  expect(readdirSync(out.path).filter((name) => name.endsWith('.partial'))).toEqual([]);
});
