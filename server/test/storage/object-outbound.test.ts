import { once } from 'node:events';
import { createServer, get, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getAgent } from 'teeny-request/build/src/agents.js';
import { expect, it, onTestFinished } from 'vitest';
import { Unavailable } from '../../src/domain/errors.ts';
import { AddressRefused } from '../../src/outbound/gate.ts';
import { type ObjectStoreOptions, openObjectStore } from '../../src/storage/objects/open-object-store.ts';

async function serve(answer: RequestListener): Promise<{ port: number; asked: () => number }> {
  let asked = 0;
  const server = createServer((request, reply) => {
    asked++;
    request.resume();
    answer(request, reply);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { port: (server.address() as AddressInfo).port, asked: () => asked };
}

const KEY = Buffer.alloc(64).toString('base64');

/** Every type of store that connects over a network, with the given endpoint. */
const STORES = {
  s3: (endpoint) => ({
    type: 's3',
    bucket: 'energy',
    region: 'eu-central-1',
    endpoint,
    access_key_id: 'key',
    secret_access_key: 'secret',
    prefix: '',
  }),
  gcs: (endpoint) => ({ type: 'gcs', bucket: 'energy', endpoint, prefix: '' }),
  azure: (endpoint) => ({
    type: 'azure',
    container: 'energy',
    connection_string: `DefaultEndpointsProtocol=http;AccountName=house;AccountKey=${KEY};BlobEndpoint=${endpoint}`,
    prefix: '',
  }),
} as const satisfies Record<string, (endpoint: string) => ObjectStoreOptions>;

const NAMES = Object.keys(STORES) as (keyof typeof STORES)[];

async function refusal(kind: keyof typeof STORES, endpoint: string): Promise<Error> {
  const error = await openObjectStore(STORES[kind](endpoint))
    .list('a')
    .catch((thrown: Error) => thrown);
  expect(error, endpoint).toBeInstanceOf(Unavailable);
  return error as Error;
}

it.each(NAMES)('%s connects to no link-local or metadata address', async (kind) => {
  for (const host of ['169.254.169.254', '[fd00:ec2::254]', '0xa9fea9fe']) {
    expect((await refusal(kind, `http://${host}:8080`)).message).toMatch(/are never allowed/);
  }
});

it('the agent of gcs rejects a forbidden redirect target', async () => {
  const { port, asked } = await serve((_, reply) => reply.writeHead(404).end());
  await openObjectStore(STORES.gcs(`http://127.0.0.1:${port}`))
    .list('a')
    .catch(() => {});
  const agent = getAgent('http://127.0.0.1', { forever: true, uri: '' });
  // The client uses this agent: it holds the connection.
  expect([asked(), Object.keys(agent?.freeSockets ?? {})]).toEqual([1, [expect.stringContaining(`:${port}:`)]]);
  const inner = await serve((_, reply) => reply.end('inner'));
  for (const host of ['169.254.169.254', '[fd00:ec2::254]', `127.0.0.1:${inner.port}`]) {
    const [error] = await once(get(`http://${host}/`, { agent }), 'error');
    expect(error).toBeInstanceOf(AddressRefused);
  }
  // Another bucket may be on another server.
  await openObjectStore(STORES.gcs(`http://127.0.0.1:${inner.port}`))
    .list('a')
    .catch(() => {});
  expect([asked(), inner.asked()]).toEqual([1, 1]);
});

it.each(['s3', 'azure'] as const)('%s follows no redirect to another server of the private network', async (kind) => {
  const inner = await serve((_, reply) => reply.end('inner'));
  const location = `http://127.0.0.1:${inner.port}/`;
  const outer = await serve((_, reply) => reply.writeHead(307, { location }).end());
  await refusal(kind, `http://127.0.0.1:${outer.port}`);
  expect([outer.asked() > 0, inner.asked()]).toEqual([true, 0]);
});

it.each(NAMES)('%s quotes a server at limited length, without control characters', async (kind) => {
  const said = `\u001b[31m${'x'.repeat(5000)}`;
  const { port } = await serve((_, reply) => reply.writeHead(400, { 'content-type': 'text/plain' }).end(said));
  const { message } = await refusal(kind, `http://127.0.0.1:${port}`);
  expect(message.length).toBeLessThan(500);
  expect(message).not.toMatch(/\p{Cc}/u);
});
