import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { Job } from '@wattkeeper/contract/job.ts';
import type { MigrationReport } from '@wattkeeper/contract/storage/migration.ts';
import { afterAll, expect, test } from 'vitest';
import { startService, TOKEN, temporaryFolder } from './service.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const folder = temporaryFolder();
afterAll(() => folder.remove());

const FILES = 30;
const LINES = 4000;
const START = Date.UTC(2025, 2, 1);

/** Thirty files with a record of five values every 20 s. */
function writeRecords(): string {
  const from = join(folder.path, 'records');
  mkdirSync(from);
  for (let f = 0; f < FILES; f++) {
    const lines = Array.from({ length: LINES }, (_, i) => {
      const n = f * LINES + i;
      return JSON.stringify({
        timestamp: new Date(START + n * 20_000).toISOString(),
        system: { inverter_serial: 'GW1' },
        battery: { soc_percent: n % 101 },
        photovoltaic: { current_power_kw: (n % 977) / 100 },
        grid: { current_power_kw: (n % 313) / 50 - 3 },
        house_consumption: { current_power_kw: (n % 89) / 20 },
        pricing: { current_price_pln: 0.5 + (n % 7) / 10 },
      });
    });
    writeFileSync(join(from, `coordinator_state_${String(f).padStart(3, '0')}.json.gz`), gzipSync(lines.join('\n')));
  }
  return from;
}

function start(dataDir: string, argv: readonly string[], environment: Record<string, string> = {}) {
  const env = {
    PATH: process.env.PATH,
    HOME: dataDir,
    WATTKEEPER_DATA_DIR: dataDir,
    WATTKEEPER_DEMO__ENABLED: 'false',
    ...environment,
  };
  const child = spawn(process.execPath, ['server/src/main.ts', 'migrate', ...argv, '--json'], { cwd: ROOT, env });
  let out = '';
  child.stdout.on('data', (data: Buffer) => {
    out += data.toString();
  });
  const ended = new Promise<{ code: number | null; report: MigrationReport }>((resolve) => {
    child.once('close', (code) => resolve({ code, report: JSON.parse(out.trim().split('\n').at(-1) || 'null') }));
  });
  return { child, ended };
}

/** Kills a process as soon as its journal contains an entry. */
async function killInTheMiddle({ child, ended }: ReturnType<typeof start>, dataDir: string): Promise<void> {
  const batches = () => {
    const path = join(dataDir, 'wattkeeper.db');
    if (!existsSync(path)) return 0;
    const database = new DatabaseSync(path, { readOnly: true });
    try {
      const row = database.prepare("SELECT max(seq) AS taken FROM sqlite_sequence WHERE name = 'journal_batch'").get();
      return Number(row?.taken ?? 0);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ERR_SQLITE_ERROR') return 0;
      throw error;
    } finally {
      database.close();
    }
  };
  await expect.poll(batches, { interval: 5 }).toBeGreaterThan(0);
  child.kill('SIGKILL');
  expect((await ended).code).toBeNull();
}

test('a killed migration is continued, and everything is stored once', async () => {
  const from = writeRecords();
  const dataDir = join(folder.path, 'killed');
  mkdirSync(dataDir);
  const first = start(dataDir, ['records', from]);
  await killInTheMiddle(first, dataDir);
  const { code, report } = await start(dataDir, ['records', from]).ended;
  const found = FILES * LINES;
  expect(code).toBe(0);
  expect(report).toMatchObject({ found, unreadable: 0, missing: 0, values: { found: 5 * found, differing: 0 } });
  expect(report.already_there).toBeGreaterThan(0);
  expect(report.migrated).toBeGreaterThan(0);
  expect(report.migrated + report.already_there).toBe(found);
  const again = await start(dataDir, ['records', from]).ended;
  expect(again.report).toMatchObject({ found, migrated: 0, already_there: found, values: { written: 0 } });

  // The running service migrates the same files and recognises stored readings.
  const service = await startService(dataDir, { WATTKEEPER_IMPORTS__FOLDERS__0: from });
  const access = { WATTKEEPER_HTTP__PORT: new URL(service.url).port, WATTKEEPER_TOKEN: TOKEN };
  const through = start(dataDir, ['records', from, '--dry-run'], access);
  expect((await through.ended).report).toMatchObject({ dry_run: true, found, to_migrate: 0, already_there: found });
  const { series } = await service.json<{ series: { count: number[] }[] }>(
    '/api/v1/telemetry?device_id=GW1&metric=battery.soc_percent&bucket=1d&aggregate=count&start=2025-03-01T00:00:00Z&end=2025-04-15T00:00:00Z',
  );
  expect(series[0]?.count.reduce((sum, count) => sum + count, 0)).toBe(found);
  const refused = await service.request('/api/v1/storage/migrations', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ source: 'influxdb', from: 'http://keeper:secret@localhost:8086/home' }),
  });
  expect(refused.status).toBe(422);
  const outside = await start(dataDir, ['records', dataDir], access).ended;
  expect(outside.code).toBe(1);
  expect(outside.report).toEqual({
    error: {
      code: 'invalid_input',
      message: `the service at ${service.url} says: FROM must be below one of the import folders of the service: ${from} (setting imports.folders); put the files there, or migrate while the service is stopped`,
    },
  });
  const jobs = await service.json<{ items: Job[] }>('/api/v1/jobs');
  expect(jobs.items.filter(({ name }) => name === 'migration').map(({ state }) => state)).toEqual(['succeeded']);
  await service.stop();
});
