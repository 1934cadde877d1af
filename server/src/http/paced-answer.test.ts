import { once } from 'node:events';
import { connect } from 'node:net';
import fastify from 'fastify';
import { afterEach, expect, it } from 'vitest';
import { sendText } from './paced-answer.ts';
import { readBodies } from './request-bodies.ts';

const PIECE = 'x'.repeat(64 * 1024);
/** More pieces than socket buffers hold, and than are built before the server reads another request. */
const MANY_PIECES = 20_000;

const apps: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const app of apps.splice(0)) await app.close();
});

async function served(pieces: () => Iterable<string>) {
  const app = fastify({ forceCloseConnections: true });
  apps.push(app);
  readBodies(app, { maxBodyBytes: 1024 });
  const ended = Promise.withResolvers<void>();
  let pinged = false;
  app.get('/long', (request, reply) => sendText(request, reply, pieces(), ended.resolve));
  app.get('/ping', () => {
    pinged = true;
    return 'pong';
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as { port: number };
  return { port, url: `http://127.0.0.1:${port}`, ended: ended.promise, isPinged: () => pinged };
}

it('answers other requests while a long answer is being built', async () => {
  function* untilPinged() {
    for (let i = 0; i < MANY_PIECES && !server.isPinged(); i++) yield PIECE;
  }
  const server = await served(untilPinged);
  const long = await fetch(`${server.url}/long`);
  const [text] = await Promise.all([long.text(), fetch(`${server.url}/ping`)]);
  expect(text.length).toBeLessThan(MANY_PIECES * PIECE.length);
  await server.ended;
});

it('builds an answer only as fast as its client reads it, and releases it when the client disconnects', async () => {
  let made = 0;
  function* counted() {
    for (; made < MANY_PIECES; made++) yield PIECE;
  }
  const server = await served(counted);
  const socket = connect(server.port, '127.0.0.1');
  socket.write('GET /long HTTP/1.1\r\nhost: x\r\n\r\n');
  await once(socket, 'readable');
  for (let i = 0; i < 20; i++) await fetch(`${server.url}/ping`);
  socket.destroy();
  await server.ended;
  expect(made).toBeLessThan(MANY_PIECES / 10);
});

it('sends a short text in one piece', async () => {
  const server = await served(() => ['[1', ',2]']);
  const answer = await fetch(`${server.url}/long`);
  expect(answer.headers.get('content-length')).toBe('5');
  expect(await answer.text()).toBe('[1,2]');
  await server.ended;
});
