import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { startService, temporaryFolder } from './service.ts';

let closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.reverse()) await close();
  closers = [];
});

interface Report {
  readonly healthy: boolean;
  readonly findings: readonly { readonly check: string; readonly status: string; readonly detail: string }[];
}

function doctor(environment: Record<string, string>): Promise<{ code: number; report: Report }> {
  return new Promise((resolve) => {
    const env = { PATH: process.env.PATH, ...environment };
    execFile(process.execPath, ['server/src/main.ts', 'doctor', '--json'], { env }, (error, stdout) =>
      resolve({ code: Number(error?.code ?? 0), report: JSON.parse(stdout) as Report }),
    );
  });
}

const statuses = ({ findings }: Report) => Object.fromEntries(findings.map(({ check, status }) => [check, status]));

it('the doctor reports no fault for a new installation and for a running service', async () => {
  const folder = temporaryFolder();
  closers.push(folder.remove);
  const alone = await doctor({ WATTKEEPER_DATA_DIR: folder.path, WATTKEEPER_HTTP__PORT: '0' });
  expect(alone.code).toBe(0);
  expect(statuses(alone.report)).toEqual({
    node: 'ok',
    clock: 'ok',
    configuration: 'ok',
    'data folder': 'ok',
    disk: 'ok',
    'records and stores': 'ok',
    port: 'ok',
    backup: 'warning',
  });
  const service = await startService(folder.path);
  closers.push(() => service.stop());
  const port = new URL(service.url).port;
  const beside = await doctor({ WATTKEEPER_DATA_DIR: folder.path, WATTKEEPER_HTTP__PORT: port });
  expect(statuses(beside.report)).toMatchObject({ service: 'ok' });
});

it('the doctor reports each fault', async () => {
  const folder = temporaryFolder();
  closers.push(folder.remove);
  const typo = await doctor({ WATTKEEPER_DATA_DIR: folder.path, WATTKEEPER_HTP__PORT: '1' });
  expect(typo.code).toBe(1);
  expect(typo.report.findings.at(-1)?.detail).toContain('did you mean http?');

  const taken = createServer().listen(0, '127.0.0.1');
  closers.push(() => taken.close());
  await new Promise((done) => taken.once('listening', done));
  const { port } = taken.address() as { port: number };
  const busy = await doctor({ WATTKEEPER_DATA_DIR: folder.path, WATTKEEPER_HTTP__PORT: String(port) });
  expect(statuses(busy.report)).toMatchObject({ port: 'failed', 'records and stores': 'ok' });

  writeFileSync(join(folder.path, 'telemetry.duckdb'), 'this is a letter, not a database '.repeat(1000));
  const damaged = await doctor({ WATTKEEPER_DATA_DIR: folder.path, WATTKEEPER_HTTP__PORT: '0' });
  expect(damaged.report.findings.find(({ check }) => check === 'records and stores')).toMatchObject({
    status: 'failed',
    detail: expect.stringContaining('telemetry.duckdb'),
  });
});
