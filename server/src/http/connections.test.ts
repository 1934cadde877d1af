import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { describe, expect, it, onTestFinished } from 'vitest';
import { securedApp, securedServer } from '../../test/records/secured-app.ts';
import type { ConnectionLimits } from './connections.ts';
import type { ServerOptions } from './server.ts';

async function start(connections: Partial<ConnectionLimits>, trustProxy: ServerOptions['trustProxy'] = 0) {
  const { auth } = await securedApp();
  const app = await securedServer(auth, {
    trustProxy,
    connections,
    rootRoutes: (root) => {
      root.get('/ip', { config: { scope: 'public' } }, (request) => ({ ip: request.ip, protocol: request.protocol }));
      root.post('/body', { config: { scope: 'public' } }, () => ({}));
    },
    apiRoutes: () => {},
  });
  onTestFinished(() => app.close());
  await app.listen({ host: '127.0.0.1', port: 0 });
  return app;
}

function open(app: FastifyInstance): Socket {
  const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => {
    // A connection that the server resets is closed as well.
  });
  return socket;
}

async function answerOf(socket: Socket, request: string): Promise<string> {
  socket.write(request);
  const [data] = (await once(socket, 'data')) as [Buffer];
  return data.toString();
}

/** Also resolves if the server resets the connection or answers first. */
function closed(socket: Socket): Promise<void> {
  socket.resume();
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

const GET = 'GET /ip HTTP/1.1\r\nHost: localhost\r\n\r\n';

describe('connections', () => {
  it('beyond the limit of an address are closed, and are accepted again after others have ended', async () => {
    const app = await start({ maxConnectionsPerAddress: 2 });
    const kept = [open(app), open(app)] as const;
    for (const socket of kept) expect(await answerOf(socket, GET)).toContain('200 OK');
    await closed(open(app));
    kept[0].destroy();
    await expect
      .poll(async () => {
        const socket = open(app);
        socket.write(GET);
        const data = await Promise.race([once(socket, 'data'), closed(socket).then(() => null)]);
        return data !== null;
      })
      .toBe(true);
  });

  it('beyond the limit in total are closed, also behind a proxy', async () => {
    const app = await start({ maxConnections: 1, maxConnectionsPerAddress: 1 }, 1);
    expect(await answerOf(open(app), GET)).toContain('200 OK');
    await closed(open(app));
  });

  it('with incomplete headers or bodies are closed', async () => {
    const app = await start({ headersMs: 50, requestMs: 150, checkMs: 20 });
    const headers = open(app);
    headers.write('GET /ip HTTP/1.1\r\nHost: loc');
    await closed(headers);
    const slow = open(app);
    slow.write(
      'POST /body HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{',
    );
    const drip = setInterval(() => slow.write(' '), 10);
    onTestFinished(() => clearInterval(drip));
    await closed(slow);
  });
});

describe('X-Forwarded headers', () => {
  const ask = async (trustProxy: ServerOptions['trustProxy']) => {
    const app = await start({}, trustProxy);
    const headers = { 'x-forwarded-for': '1.1.1.1, 2.2.2.2, 3.3.3.3', 'x-forwarded-proto': 'https' };
    return (await app.inject({ url: '/ip', headers, remoteAddress: '10.0.0.9' })).json();
  };

  it('are trusted from the configured number of proxies, or from proxies at configured addresses', async () => {
    expect(await ask(0)).toEqual({ ip: '10.0.0.9', protocol: 'http' });
    expect(await ask(1)).toEqual({ ip: '3.3.3.3', protocol: 'https' });
    expect(await ask(2)).toEqual({ ip: '2.2.2.2', protocol: 'https' });
    expect(await ask(['10.0.0.0/8'])).toEqual({ ip: '3.3.3.3', protocol: 'https' });
    expect(await ask(['10.0.0.9', '3.3.3.3'])).toEqual({ ip: '2.2.2.2', protocol: 'https' });
    expect(await ask(['192.168.0.0/16'])).toEqual({ ip: '10.0.0.9', protocol: 'http' });
  });
});
