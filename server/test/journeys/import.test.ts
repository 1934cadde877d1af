import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, expect, test } from 'vitest';
import { type Service, startService, TOKEN, temporaryFolder } from './service.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const folder = temporaryFolder();
const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});
afterAll(() => folder.remove());

const ROWS = 35_000;
const START = Date.UTC(2026, 0, 1);
const MAPPING = file(
  'mapping.yaml',
  'device: House\ntimestamp: { column: at }\ncolumns: { load: { metric: load.power_kw } }',
);
const CSV = file(
  'load.csv',
  `at,load\n${Array.from({ length: ROWS }, (_, i) => `${new Date(START + i * 60_000).toISOString()},${i / 1000}`).join('\n')}`,
);

function file(name: string, content: string): string {
  const path = join(folder.path, name);
  writeFileSync(path, content);
  return path;
}

/** Runs a command in its own process, on the data folder of a service. */
function run(dataDir: string, argv: readonly string[], environment: Record<string, string> = {}) {
  const env = {
    PATH: process.env.PATH,
    HOME: dataDir,
    WATTKEEPER_DATA_DIR: dataDir,
    WATTKEEPER_DEMO__ENABLED: 'false',
    ...environment,
  };
  return new Promise<{ code: number; out: string; err: string; json: () => Record<string, unknown> }>((resolve) => {
    execFile(process.execPath, ['server/src/main.ts', ...argv], { cwd: ROOT, env }, (error, out, err) => {
      const code = error === null ? 0 : Number(error.code ?? -1);
      resolve({ code, out, err, json: () => JSON.parse(out.trim().split('\n').at(-1) as string) });
    });
  });
}

async function service(name: string): Promise<{ dataDir: string; running: Service; port: string }> {
  const dataDir = join(folder.path, name);
  const running = await startService(dataDir);
  stops.push(() => running.stop());
  return { dataDir, running, port: new URL(running.url).port };
}

/** A faulty proxy of the service: `answer` returns a status to answer a request itself, or null to forward it. */
async function troubledWay(to: string, answer: (method: string, path: string) => number | 'break' | null) {
  const way: Server = createServer(async (request, reply) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const status = answer(request.method as string, request.url as string);
    if (status === 'break') {
      request.socket.destroy();
      return;
    }
    if (status !== null) {
      reply.writeHead(status, { 'retry-after': '1' }).end('{}');
      return;
    }
    const { authorization = '', 'content-type': type = '' } = request.headers;
    const passed = await fetch(`${to}${request.url}`, {
      method: request.method as string,
      headers: { authorization, ...(type && { 'content-type': type }) },
      ...(chunks.length > 0 && { body: Buffer.concat(chunks) }),
    });
    reply.writeHead(passed.status, { 'content-type': 'application/json' }).end(Buffer.from(await passed.arrayBuffer()));
  });
  await new Promise<void>((resolve) => way.listen(0, '127.0.0.1', resolve));
  stops.push(async () => {
    way.closeAllConnections();
    await new Promise((resolve) => way.close(resolve));
  });
  return `http://127.0.0.1:${(way.address() as AddressInfo).port}`;
}

async function countOf(running: Service): Promise<number> {
  const window = `start=2026-01-01T00:00:00Z&end=2026-03-01T00:00:00Z`;
  const { series } = await running.json<{ series: { count: number[] }[] }>(
    `/api/v1/telemetry?device_id=House&metric=load.power_kw&bucket=1d&aggregate=count&${window}`,
  );
  return series[0]?.count.reduce((sum, count) => sum + count, 0) ?? 0;
}

test('uses the running service, which authorises its user; an invalid token is rejected with instructions to create one', async () => {
  const { dataDir, running, port } = await service('token');
  const argv = ['import', CSV, '--mapping', MAPPING, '--json'];
  const at = { WATTKEEPER_HTTP__PORT: port };
  const refused = await run(dataDir, argv, { ...at, WATTKEEPER_TOKEN: 'one that does not hold' });
  expect(refused.code).toBe(1);
  expect(refused.json()).toMatchObject({
    error: { code: 'unauthorized', message: expect.stringContaining('npm start -- token create --name import') },
  });
  expect((await run(dataDir, [...argv, '--dry-run'], at)).json()).toMatchObject({ rows: ROWS, dry_run: true });
  const made = await run(dataDir, ['token', 'create', '--name', 'import', '--scope', 'write', '--json'], at);
  const token = String(made.json().token);
  expect((await run(dataDir, argv, { ...at, WATTKEEPER_TOKEN: token })).json()).toMatchObject({
    rows: ROWS,
    accepted: ROWS,
    rejected: 0,
    series: [{ device: 'House', metric: 'load.power_kw', values: ROWS, interval_ms: 60_000 }],
  });
  expect(await countOf(running)).toBe(ROWS);
  const again = await run(dataDir, argv, at);
  expect(again.json()).toEqual({ already_imported: true, rows: ROWS });
  const forced = await run(dataDir, [...argv, '--token', token, '--force'], at);
  expect(forced.json()).toMatchObject({ accepted: ROWS });
  expect(await countOf(running)).toBe(ROWS);
  // An import into the unlocked folder recognises readings that were imported through the service.
  await running.stop();
  expect((await run(dataDir, argv)).json()).toEqual({ already_imported: true, rows: ROWS });
});

test('a request to a busy service is retried, and an interrupted import continues where it stopped', async () => {
  const { dataDir, running } = await service('resume');
  let posts = 0;
  const url = await troubledWay(running.url, (_method, path) => {
    const isReadings = path.endsWith('/readings');
    if (isReadings) posts++;
    if (isReadings && posts === 1) return 429;
    return posts > 3 ? 403 : null;
  });
  const argv = ['import', CSV, '--mapping', MAPPING, '--json'];
  const environment = { WATTKEEPER_TOKEN: TOKEN };
  const stopped = await run(dataDir, [...argv, '--url', url], environment);
  expect(stopped.code).toBe(1);
  expect(stopped.json()).toMatchObject({ error: { code: 'forbidden' } });
  expect(await countOf(running)).toBe(20_000);
  const resumed = await run(dataDir, [...argv, '--url', running.url], environment);
  expect(resumed.json()).toMatchObject({ rows: ROWS, accepted: 15_000, already_there: 20_000 });
  expect(await countOf(running)).toBe(ROWS);
});

test('a broken connection is retried', async () => {
  const { dataDir, running } = await service('broken');
  let breaks = 0;
  const url = await troubledWay(running.url, (method) => (method === 'POST' && breaks++ === 0 ? 'break' : null));
  const done = await run(dataDir, ['import', CSV, '--mapping', MAPPING, '--url', url, '--token', TOKEN, '--json']);
  expect(done.json()).toMatchObject({ accepted: ROWS });
  expect(await countOf(running)).toBe(ROWS);
});

test('implausible and rejected values are reported with their line, with and without a service', async () => {
  const odd = file(
    'odd.csv',
    'at,load\n2026-01-01T00:00Z,1\n2026-01-01T00:01Z,1e9\n2026-01-01T00:02Z,x\n2210-01-01T00:00Z,1\n',
  );
  const argv = ['import', odd, '--mapping', MAPPING, '--json'];
  const { dataDir, running } = await service('odd');
  const through = await run(dataDir, [...argv, '--url', running.url, '--token', TOKEN]);
  const alone = await run(join(folder.path, 'alone'), argv);
  for (const { code, json } of [through, alone]) {
    expect(code).toBe(3);
    expect(json()).toMatchObject({
      rows: 4,
      accepted: 1,
      quarantined: 1,
      rejected: 2,
      rejected_by: { not_a_number: { count: 1, positions: [4] }, not_a_time: { count: 1, positions: [5] } },
    });
    expect(json().problems).toContainEqual({
      position: 3,
      detail: expect.stringContaining('quarantined, 1000000000 kW is above'),
    });
  }
});

test('an address that does not respond, or belongs to another program, is reported', async () => {
  const dataDir = join(folder.path, 'nowhere');
  const argv = ['import', CSV, '--mapping', MAPPING, '--json', '--token', TOKEN];
  const closed = await troubledWay('', () => 404);
  await stops.pop()?.();
  const gone = await run(dataDir, [...argv, '--url', closed]);
  expect(gone.json()).toMatchObject({
    error: { code: 'unavailable', message: expect.stringContaining('does not answer') },
  });
  const other = await troubledWay('', () => 404);
  expect((await run(dataDir, [...argv, '--url', other])).json()).toMatchObject({
    error: { message: expect.stringContaining('Is this Wattkeeper') },
  });
  expect((await run(dataDir, [...argv, '--url', 'nonsense'])).json()).toMatchObject({
    error: { message: expect.stringContaining('--url must be an address such as') },
  });
});

test('a column without any value is reported as such', async () => {
  const given = file('empty-column.csv', 't,p,q\n2026-03-01T00:00:00Z,100,\n2026-03-01T00:15:00Z,200,\n');
  const columns = 'p: { metric: load.power_kw, scale: 0.001 }, q: { metric: grid.power_kw }';
  const mapping = file('empty.yaml', `device: House\ntimestamp: { column: t }\ncolumns: { ${columns} }`);
  const { code, json } = await run(join(folder.path, 'empty'), ['import', given, '--mapping', mapping, '--json']);
  expect(code).toBe(0);
  expect(json()).toMatchObject({ accepted: 2, rejected: 0, first: '2026-03-01T00:00:00.000Z' });
  expect(json().series).toContainEqual(
    expect.objectContaining({ metric: 'grid.power_kw', values: 0, first: null, last: null, interval_ms: null }),
  );
});

test.each([
  ['an unknown command', ['frobnicate'], 2, 'usage'],
  ['an unknown option', ['backfill', '--sideways'], 2, 'usage'],
  ['a missing file', ['import', 'nowhere.csv', '--mapping', 'nowhere.yaml'], 1, 'invalid_input'],
  ['a missing backup', ['restore', 'nowhere.backup', '--into', 'nowhere'], 1, 'not_found'],
  ['an unknown user', ['user', 'remove', 'nobody'], 1, 'not_found'],
])('%s is one JSON object on the last line with --json', async (_what, argv, code, error) => {
  const done = await run(join(folder.path, 'json'), [...argv, '--json']);
  expect(done.code).toBe(code);
  expect(done.json()).toEqual({ error: { code: error, message: expect.stringMatching(/\w/) } });
  expect(done.out.trim().split('\n')).toHaveLength(1);
});

test('import --detect writes a mapping with which the file can be imported', async () => {
  const given = file('detect.csv', 'Report\nTime;Verbrauch (kWh)\n01.03.2026 00:00;0,25\n01.03.2026 00:15;0,5\n');
  const at = join(folder.path, 'detect');
  const mapping = join(folder.path, 'detected.yaml');
  const detect = ['import', '--detect', given, '--timezone', 'Europe/Berlin', '--mapping', mapping, '--json'];
  const found = await run(at, detect);
  expect(found.json()).toMatchObject({ written: mapping, mapping: { number_format: { decimal: ',' } } });
  const done = await run(at, ['import', given, '--mapping', mapping, '--json']);
  expect(done.code).toBe(0);
  expect(done.json()).toMatchObject({ accepted: 2, first: '2026-02-28T23:00:00.000Z' });
  const again = await run(at, detect);
  expect(again.code).toBe(1);
  expect(again.json()).toMatchObject({ error: { message: expect.stringContaining('cannot be written') } });
});
