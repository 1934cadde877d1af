import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { CONNECTION_LIMITS } from './connections.ts';
import { FrontDoor, MAX_WAITING_REQUESTS } from './front-door.ts';

/** An application that answers with its name, immediately or when the promise resolves. */
function application(name: string, may: Promise<unknown> = Promise.resolve()): Server {
  const server = createServer((incoming, response) => {
    incoming.resume();
    void may.then(() => response.end(name));
  });
  server.on('upgrade', (_, socket) =>
    socket.end(`HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n${name}`),
  );
  return server;
}

async function openDoor(limits = CONNECTION_LIMITS): Promise<FrontDoor> {
  const door = new FrontDoor({ perAddress: true, limits });
  await door.listen('127.0.0.1', 0);
  onTestFinished(() => door.close(0));
  return door;
}

const ask = async (door: FrontDoor, method = 'GET') => (await fetch(door.url!, { method })).text();
const arrived = (door: FrontDoor, count: number) => expect.poll(() => door.waitingCount).toBe(count);

test('requests wait while no application is open or they are held, and the next application answers them', async () => {
  const door = await openDoor();
  const early = ask(door);
  await arrived(door, 1);
  door.open(application('first'));
  expect(await early).toBe('first');
  door.hold(({ method }) => method === 'POST');
  const change = ask(door, 'POST');
  await arrived(door, 1);
  expect(await ask(door)).toBe('first');
  door.open(application('second'));
  expect(await change).toBe('second');
});

test('a WebSocket that is opened while requests are held waits as well', async () => {
  const door = await openDoor();
  door.hold();
  const upgrade = request(door.url!, { headers: { connection: 'upgrade', upgrade: 'websocket' } }).end();
  await arrived(door, 1);
  door.open(application('second'));
  const [, socket] = await once(upgrade, 'upgrade');
  socket.destroy();
});

test('the end of earlier requests is awaited, and those that do not end are aborted', async () => {
  const door = await openDoor();
  const { promise, resolve } = Promise.withResolvers<void>();
  const old = application('old', promise);
  door.open(old);
  const slow = ask(door);
  await expect.poll(() => door.openCount).toBe(1);
  await door.answered(() => true, 0);
  door.open(application('new'));
  expect(await ask(door)).toBe('new');
  const left = door.leave(old, 60_000);
  resolve();
  expect(await slow).toBe('old');
  await left;
  const never = application('never', new Promise(() => {}));
  door.open(never);
  const cut = ask(door).catch(() => 'cut off');
  await expect.poll(() => door.openCount).toBe(1);
  await door.leave(never, 0);
  expect(await cut).toBe('cut off');
});

test('requests beyond the limit are answered with 503, and a client that disconnects no longer counts as waiting', async () => {
  const door = await openDoor();
  const { hostname, port } = new URL(door.url!);
  const socket = connect(Number(port), hostname);
  let answers = '';
  socket.on('data', (data) => {
    answers += data.toString();
  });
  socket.write('GET / HTTP/1.1\r\nHost: here\r\n\r\n'.repeat(MAX_WAITING_REQUESTS));
  await arrived(door, MAX_WAITING_REQUESTS);
  const refused = await fetch(door.url!);
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
  expect(await refused.json()).toMatchObject({ code: 'unavailable' });
  socket.destroy();
  await arrived(door, 0);
  expect(answers).toBe('');
});
