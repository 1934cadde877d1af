import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { SCOPES_OF_ROLE } from '@wattkeeper/contract/access/auth.ts';
import { MigrationRequest } from '@wattkeeper/contract/storage/migration.ts';
import { expect, it, onTestFinished } from 'vitest';
import type { Rights } from '../../src/domain/rights.ts';
import { openMigrationWorld } from './migration-world.ts';

const OPERATOR: Rights = { name: 'token:meter', scopes: ['read', 'write', 'control'] };
const OWNER: Rights = { name: 'owner', scopes: SCOPES_OF_ROLE.admin };
/** The response of a server of the private network, which must never be disclosed. */
const SECRET = 'root:x:0:0:s3cr3t';

async function serve(answer: RequestListener): Promise<{ url: string; hits: () => number }> {
  let hits = 0;
  const server = createServer((request, reply) => {
    hits++;
    answer(request, reply);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, hits: () => hits };
}

it('a migration requested without the admin scope reaches no private network', async () => {
  const { migrate } = await openMigrationWorld('UTC');
  const { url, hits } = await serve((_, reply) => reply.writeHead(500).end());
  const { port } = new URL(url);
  for (const host of ['127.0.0.1', 'localhost', '[::1]', '0x7f000001', '[::ffff:127.0.0.1]']) {
    const request = { source: 'influxdb', from: `http://${host}:${port}/home` } as const;
    await expect(migrate(request, OPERATOR)).rejects.toThrow(/is not connected: this machine and private networks/);
  }
  expect(hits()).toBe(0);
  await expect(migrate({ source: 'influxdb', from: `${url}/home` }, OWNER)).rejects.toThrow(/answered 500/);
  expect(hits()).toBe(1);
});

it('a configured server is allowed to every caller, and a link-local address to none', async () => {
  const { url } = await serve((_, reply) => reply.writeHead(500).end());
  const { migrate } = await openMigrationWorld('UTC', { WATTKEEPER_MIGRATION__INFLUXDB__URL: url });
  await expect(migrate({ source: 'influxdb', from: `${url}/home` }, OPERATOR)).rejects.toThrow(/answered 500/);
  for (const from of ['http://169.254.169.254/home', 'http://[fe80::1]:8086/home', 'http://[fd00:ec2::254]/home']) {
    await expect(migrate({ source: 'influxdb', from }, OWNER)).rejects.toThrow(/are never allowed/);
  }
});

it('the text of a server is quoted only if the server is configured', async () => {
  const { migrate } = await openMigrationWorld('UTC');
  const json = JSON.stringify({ error: SECRET, message: SECRET, results: [{ error: SECRET }] });
  const inResult = JSON.stringify({ results: [{ error: SECRET }] });
  const oddShapes = [SECRET, `{"results":[{"series":"${SECRET}"}]}`, `["${SECRET}"]`, `{"results":{"a":"${SECRET}"}}`];
  const cases: [ping: number, query: number, body: string][] = [
    ...[204, 400, 401, 403, 404, 500].flatMap((status): [number, number, string][] => [
      [status, status, SECRET],
      [status, status, json],
      [204, status, json],
    ]),
    ...[inResult, ...oddShapes].map((body): [number, number, string] => [204, 200, body]),
  ];
  let [ping, query, body] = cases[0]!;
  const { url } = await serve((request, reply) => {
    const isPing = request.url === '/ping';
    const headers = { 'x-influxdb-version': `1.8 ${SECRET}`, 'x-influxdb-error': SECRET, 'content-length': undefined };
    const { 'content-length': _, ...sent } = headers;
    reply.writeHead(isPing ? ping : query, SECRET, sent);
    reply.end(body);
  });
  for ([ping, query, body] of cases) {
    const error = await migrate({ source: 'influxdb', from: `${url}/home` }).catch((thrown: Error) => thrown);
    expect(error).toBeInstanceOf(Error);
    const { message, cause } = error as Error;
    expect(`${message} ${cause}`, `${ping} ${query} ${body}`).toMatch(/InfluxDB at|has no points/);
    expect(`${message} ${cause}`, `${ping} ${query} ${body}`).not.toMatch(/root|s3cr3t/);
  }
});

it('the text of a configured server is quoted at limited length, without control characters', async () => {
  const said = `\u001b[31mno\r\n{"level":50}\u202e\u0000\u2028${'x'.repeat(5000)}`;
  const { url } = await serve((_, reply) => reply.writeHead(400).end(JSON.stringify({ error: said })));
  const { migrate } = await openMigrationWorld('UTC', { WATTKEEPER_MIGRATION__INFLUXDB__URL: url });
  const error = await migrate({ source: 'influxdb', from: `${url}/home` }).catch((thrown: Error) => thrown);
  const { message } = error as Error;
  expect(message).toMatch(/rejects the request: \[31mno {"level":50} x+…$/);
  expect(message).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}]/u);
  expect(message.length).toBeLessThan(400);
});

it('a redirect to another server of the private network or to a link-local address is not followed', async () => {
  const { migrate } = await openMigrationWorld('UTC');
  const inner = await serve((_, reply) => reply.end(SECRET));
  for (const location of [`${inner.url}/ping`, 'http://169.254.169.254/latest/meta-data/', 'file:///etc/passwd']) {
    const outer = await serve((_, reply) => reply.writeHead(302, { location }).end());
    const answer = migrate({ source: 'influxdb', from: `${outer.url}/home` });
    await expect(answer).rejects.toThrow(/is not connected|only addresses that begin with http/);
  }
  expect(inner.hits()).toBe(0);
});

it('addresses that contain a user, a password or other settings are rejected, and not quoted', async () => {
  const { migrate } = await openMigrationWorld('UTC');
  for (const from of [
    'http://keeper:hunter2@localhost:8086/home',
    'http:keeper:hunter2@localhost:8086/home',
    ' HTTP://keeper:hunter2@localhost/home',
    'https:\\\\keeper:hunter2@localhost/home',
    'http://localhost:8086/home?u=keeper&p=hunter2',
    'http://localhost:8086/home?rp=x&token=hunter2',
  ]) {
    const parsed = MigrationRequest.safeParse({ source: 'influxdb', from });
    expect(parsed.success, from).toBe(false);
    expect(JSON.stringify(parsed.error?.issues)).not.toContain('hunter2');
  }
  for (const from of [
    'h\tttp://keeper:hunter2@localhost/home',
    'http://localhost/home?q=hunter2',
    'ftp:keeper hunter2',
  ]) {
    const error = await migrate({ source: 'influxdb', from }).catch((thrown: Error) => thrown);
    expect(String(error), from).toMatch(/must|may have/);
    expect(String(error), from).not.toContain('hunter2');
  }
});

it('a file that contains no records is not quoted', async () => {
  const { migrate, folder } = await openMigrationWorld('UTC');
  const from = join(folder, 'records');
  await mkdir(from);
  const texts = [
    SECRET,
    `{ ${SECRET}`,
    `{"a": ${SECRET}}`,
    `["${SECRET}"]`,
    `[${SECRET}]`,
    `{"a": 1}\n${SECRET}`,
    `{"a": 1}\n"${SECRET}"`,
    `{"a": "${SECRET}`,
  ];
  for (const [i, text] of texts.entries()) await writeFile(join(from, `${i}.json`), text);
  for (const source of ['records', 'sessions'] as const) {
    const report = await migrate({ source, from, dry_run: true });
    expect(new Set(report.unreadable_items.map(({ where }) => where.split(',')[0])).size).toBe(texts.length);
    expect(JSON.stringify(report)).not.toMatch(/root|s3cr3t/);
  }
  const page = await migrate({ source: 'home-assistant', from: join(from, '0.json') }).catch((thrown: Error) => thrown);
  expect(String(page)).toMatch(/cannot be read as a database/);
  expect(String(page)).not.toMatch(/root|s3cr3t/);
});
