import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, it, onTestFinished } from 'vitest';
import { gatedSocket } from './agents.ts';
import { MAX_REDIRECTS, OutboundClient, textOf } from './client.ts';
import { connectionReason } from './foreign-text.ts';
import { AddressRefused, Gate, type NamedBy, type Resolver } from './gate.ts';

/** Starts a server on loopback. Returns it with the requests that it received. */
async function serve(answer: RequestListener = (_, reply) => reply.end('here')) {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, reply) => {
    requests.push(request);
    answer(request, reply);
  });
  // On all addresses, since clients may also try ::1.
  server.listen(0);
  await once(server, 'listening');
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return { port, requests, url: `http://127.0.0.1:${port}` };
}

const redirect = (status: number, location: string) => (_: IncomingMessage, reply: ServerResponse) =>
  void reply.writeHead(status, { location }).end('moved');

const get = { method: 'GET', signal: new AbortController().signal };

function send(url: string, by: NamedBy, more: object = {}, resolve?: Resolver) {
  return new OutboundClient(Gate.to(url, by, resolve)).send(url, { ...get, ...more });
}

const LOOPBACK = [
  '127.0.0.1',
  '127.1',
  '127.0.0.1.',
  '2130706433',
  '0x7f000001',
  '0x7f.1',
  '0177.0.0.1',
  '017700000001',
  '１２７.０.０.１',
  '127。0。0。1',
  '%31%32%37.0.0.1',
  '[::1]',
  '[0:0:0:0:0:0:0:1]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '[::7f00:1]',
  '[64:ff9b::127.0.0.1]',
  '[2002:7f00:1::]',
  'localhost',
  'LOCALHOST',
];
const PRIVATE = [
  '10.1.2.3',
  '172.16.0.1',
  '192.168.1.1',
  '3232235777',
  '100.64.0.1',
  '[fd12::1]',
  '[::ffff:192.168.1.1]',
];
const NEVER = [
  '0.0.0.0',
  '0',
  '0x0',
  '[::]',
  '[::ffff:0.0.0.0]',
  '169.254.169.254',
  '2852039166',
  '0xa9fea9fe',
  '0251.0376.0251.0376',
  '[::ffff:169.254.169.254]',
  '[64:ff9b::a9fe:a9fe]',
  '[2002:a9fe:a9fe::]',
  '[fe80::1]',
  '[fd00:ec2::254]',
  '100.100.100.200',
  '168.63.129.16',
  '255.255.255.255',
  '224.0.0.1',
  '[ff02::1]',
  '198.18.0.1',
];

it('an address from `anyone` never leads to this machine or a private network, in any notation', async () => {
  const { port, requests } = await serve();
  for (const host of [...LOOPBACK, ...PRIVATE, ...NEVER]) {
    await expect(send(`http://${host}:${port}/`, 'anyone'), host).rejects.toThrow(AddressRefused);
  }
  expect(requests).toEqual([]);
});

it('link-local, metadata, unspecified and multicast addresses are rejected even from the configuration', async () => {
  const { port, requests } = await serve();
  for (const by of ['configuration', 'administrator'] as const) {
    for (const host of NEVER) {
      await expect(send(`http://${host}:${port}/`, by), host).rejects.toThrow(/are never allowed/);
    }
  }
  expect(requests).toEqual([]);
});

it('addresses from the configuration and administrators may lead to this machine', async () => {
  const { port } = await serve();
  for (const by of ['configuration', 'administrator'] as const) {
    for (const host of ['127.0.0.1', '0x7f.1', 'localhost', '127.0.0.1.']) {
      expect(await textOf(await send(`http://${host}:${port}/`, by), 100), host).toBe('here');
    }
  }
});

it('other schemes, and a user or password, are rejected without being quoted', async () => {
  for (const url of ['ftp://127.0.0.1/', 'file:///etc/passwd', 'gopher://127.0.0.1:70/', 'data:text/plain,x']) {
    await expect(send(url, 'configuration')).rejects.toThrow(/http:\/\/ or https:\/\//);
  }
  for (const url of ['http://keeper:hunter2@127.0.0.1/', 'http:keeper:hunter2@127.0.0.1/', 'http://@127.0.0.1/']) {
    const error = await send(url, 'anyone').catch((thrown: Error) => thrown);
    expect(error).toBeInstanceOf(AddressRefused);
    expect(String(error)).not.toMatch(/hunter2|keeper:/);
  }
});

it('a name is resolved once per connection, and only a checked address is connected to', async () => {
  const { port, requests } = await serve((_, reply) => void reply.writeHead(200, { connection: 'close' }).end('here'));
  const answers = [
    ['127.0.0.1'],
    ['169.254.169.254'],
    ['127.0.0.1', '169.254.169.254'],
    ['93.184.215.14', '::ffff:a9fe:1'],
  ];
  let asked = 0;
  const resolve: Resolver = async (host) => {
    expect(host).toBe('rebind.example');
    return answers[asked++]!.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  };
  const client = new OutboundClient(Gate.to(`http://rebind.example:${port}`, 'administrator', resolve));
  const ask = () => client.send(`http://rebind.example:${port}/`, get);
  expect(await textOf(await ask(), 100)).toBe('here');
  expect(asked).toBe(1);
  for (let i = 1; i < answers.length; i++) {
    await expect(ask()).rejects.toThrow(/rebind\.example \(.*\) is not connected/);
    expect(asked).toBe(i + 1);
  }
  expect(requests).toHaveLength(1);
});

it('a name that resolved to a public address is checked again for each connection', async () => {
  const { port, requests } = await serve();
  const answers = ['93.184.215.14', '127.0.0.1'];
  const resolve: Resolver = async () => [{ address: answers.shift()!, family: 4 }];
  const gate = Gate.to(`http://rebind.example:${port}`, 'anyone', resolve);
  await gate.check();
  await expect(new OutboundClient(gate).send(`http://rebind.example:${port}/`, get)).rejects.toThrow(AddressRefused);
  await expect(gate.check()).rejects.toThrow();
  expect([answers, requests]).toEqual([[], []]);
});

it('redirects lead only to named servers and public addresses', async () => {
  const inner = await serve();
  for (const target of [
    inner.url,
    `http://localhost:${inner.port}/`,
    `//[::1]:${inner.port}/`,
    `http://0x7f.1:${inner.port}`,
    'http://10.0.0.1/',
    'http://169.254.169.254/latest/meta-data/',
    'http://[fe80::1]/',
    'file:///etc/passwd',
    'gopher://127.0.0.1/',
    'http://user:password@example.com/',
    'http://',
  ]) {
    for (const status of [301, 302, 303, 307, 308]) {
      const outer = await serve(redirect(status, target));
      await expect(send(outer.url, 'configuration'), target).rejects.toThrow(AddressRefused);
      expect(outer.requests).toHaveLength(1);
    }
  }
  expect(inner.requests).toEqual([]);
});

it(`at most ${MAX_REDIRECTS} redirects are followed on the named server`, async () => {
  const chain = await serve(({ url }, reply) => {
    const left = Number(url?.slice(1));
    if (left === 0) reply.end('arrived');
    else reply.writeHead(302, { location: `/${left - 1}` }).end();
  });
  const response = await send(`${chain.url}/${MAX_REDIRECTS}`, 'administrator');
  expect(await textOf(response, 100)).toBe('arrived');
  await expect(send(`${chain.url}/${MAX_REDIRECTS + 1}`, 'administrator')).rejects.toThrow(/more than 3 times/);
});

it('a redirect keeps method and body, or is not followed', async () => {
  const bodies: string[] = [];
  const server = await serve(async (request, reply) => {
    const body = await text(request);
    if (request.url === '/end') bodies.push(`${request.method} ${body}`);
    const status = Number(request.url?.slice(1));
    if (status > 0) reply.writeHead(status, { location: '/end' });
    reply.end();
  });
  for (const [status, answered] of [
    [301, 301],
    [302, 302],
    [303, 303],
    [307, 200],
    [308, 200],
  ]) {
    const response = await send(`${server.url}/${status}`, 'configuration', { method: 'POST', body: 'lines' });
    await textOf(response, 100);
    expect(response.status).toBe(answered);
  }
  expect(bodies).toEqual(['POST lines', 'POST lines']);
});

it('credentials are sent only to the named server', async () => {
  const inner = await serve();
  const outer = await serve(redirect(302, inner.url));
  const client = new OutboundClient(new Gate(null, 'configuration'));
  await textOf(await client.send(outer.url, { ...get, credentials: { authorization: 'Token secret' } }), 100);
  expect(outer.requests[0]?.headers.authorization).toBe('Token secret');
  expect(inner.requests[0]?.headers.authorization).toBeUndefined();
});

it('a response is read up to its size limit and until the caller aborts', async () => {
  const endless = await serve((_, reply) => {
    const more = () => {
      while (!reply.destroyed && reply.write('x'.repeat(65_536)));
    };
    reply.on('drain', more);
    more();
  });
  await expect(textOf(await send(endless.url, 'configuration'), 1_000_000)).rejects.toThrow(/more than 1000000 bytes/);
  const silent = await serve(() => {});
  const abort = new AbortController();
  const waiting = send(silent.url, 'configuration', { signal: abort.signal });
  await expect.poll(() => silent.requests.length).toBe(1);
  abort.abort();
  await expect(waiting).rejects.toThrow(/aborted/);
});

it('an endless response is aborted after its time limit, however slowly it arrives', async () => {
  const dripping = await serve((_, reply) => {
    reply.writeHead(200);
    const timer = setInterval(() => reply.write('x'), 5);
    reply.once('close', () => clearInterval(timer));
  });
  const endless = await send(dripping.url, 'configuration', { signal: AbortSignal.timeout(100) });
  const error = await textOf(endless, 1_000_000).catch((thrown: Error) => thrown);
  expect(connectionReason(error)).toBe('no answer in time');
});

it('a socket that a client connects itself also passes through the gate', async () => {
  const { port, requests } = await serve();
  const gate = new Gate([{ host: 'localhost', port }], 'configuration');
  const open = gatedSocket(gate).connect(port, 'localhost');
  await once(open, 'connect');
  open.destroy();
  for (const [to, host] of [
    [port, '169.254.169.254'],
    [port, '127.0.0.1'],
    [port + 1, 'localhost'],
  ] as const) {
    const [error] = await once(gatedSocket(gate).connect(to, host), 'error', { signal: undefined }).catch((thrown) => [
      thrown,
    ]);
    expect(error, host).toBeInstanceOf(AddressRefused);
  }
  expect(requests).toEqual([]);
});
