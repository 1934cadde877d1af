import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { LIVE_CLOSE, type ServerMessage } from '@wattkeeper/contract/live.ts';
import { describe, expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import { end, liveWorld, stall, until } from '../../../test/live/live-world.ts';
import { ADMIN_HEADERS } from '../../../test/records/secured-app.ts';
import { MAX_MESSAGES_AT_ONCE } from './allowance.ts';
import { MAX_CLIENTS, MAX_CLIENTS_PER_ADDRESS, MAX_CLIENTS_PER_CALLER } from './live-stream.ts';
import { MIN_SLICE_CHARACTERS } from './reading-slices.ts';

/** Fewer messages in total than a client may send at once. */
const ROUNDS = 30;

describe('a client of the live stream that does not read', () => {
  it('uses the memory of one message at most, and receives the newest values when it reads again', async () => {
    const { open, report, publish, buffered, served } = await liveWorld();
    report(1_000, 100, 1);
    const socket = await open();
    await stall(socket, buffered);
    const most = 2 * MIN_SLICE_CHARACTERS;
    for (let i = 0; i < ROUNDS; i++) {
      for (const type of ['unsubscribe', 'subscribe']) {
        socket.send(JSON.stringify({ type, topics: ['readings:*', `readings:device ${i}`, 'jobs'] }));
      }
      socket.ping();
      socket.send('nonsense');
      publish('jobs', 'x'.repeat(10_000));
      report(10, 100, i);
      const taken = once(served(), 'pong');
      socket.pong();
      await taken;
      expect(buffered()).toBeLessThan(most);
    }
    socket.send('{"type":"ping"}');
    const values = new Map<string, number>();
    socket.on('message', (data) => {
      const message = JSON.parse(String(data)) as ServerMessage;
      const items = message.type === 'readings' ? message.items : message.type === 'snapshot' ? message.data : [];
      if (!Array.isArray(items)) return;
      for (const item of items)
        for (const [m, v] of Object.entries(item.values)) values.set(`${item.device_id} ${m}`, v as number);
    });
    // Arrives as an event, or in a snapshot that replaces discarded events.
    const last = until(socket, (message) => 'data' in message && message.data === 'last');
    socket.resume();
    publish('jobs', 'last');
    await last;
    await expect.poll(() => values.size).toBe(100_000);
    await expect
      .poll(() => new Set([...values].filter(([name]) => /^device \d /.test(name)).map(([, v]) => v)))
      .toEqual(new Set([ROUNDS - 1]));
  });

  it('is disconnected after the time limit', async () => {
    const { open, report, live, buffered } = await liveWorld({ maxUnreadMs: 200 });
    report(1_000, 100, 1);
    const [slow, quick] = [await open(), await open()];
    void stall(slow, buffered);
    await expect.poll(() => live.clientCount).toBe(1);
    const pong = until(quick, ({ type }) => type === 'pong');
    quick.send('{"type":"ping"}');
    await pong;
    slow.terminate();
  });
});

describe('a client of the live stream that sends too much', () => {
  it.each([
    ['messages', (socket: WebSocket) => socket.send('{"type":"ping"}'), LIVE_CLOSE.tooManyMessages],
    ['pings', (socket: WebSocket) => socket.ping(), LIVE_CLOSE.tooManyMessages],
    ['pongs', (socket: WebSocket) => socket.pong(), LIVE_CLOSE.tooManyMessages],
    ['bytes', (socket: WebSocket) => socket.send('x'.repeat(60_000)), LIVE_CLOSE.tooManyMessages],
    ['bytes in a message', (socket: WebSocket) => socket.send('x'.repeat(70_000)), 1009],
    ['fragments', (socket: WebSocket) => socket.send('x', { fin: false }), 1008],
  ] as const)('of %s is closed', async (_, send, code) => {
    const { open } = await liveWorld();
    const socket = await open();
    const ended = end(socket);
    for (let i = 0; i <= MAX_MESSAGES_AT_ONCE && socket.readyState === socket.OPEN; i++) send(socket);
    expect((await ended)[0]).toBe(code);
  });

  it('of an endless message in parts is closed', async () => {
    const { app, live } = await liveWorld();
    const { port } = app.server.address() as AddressInfo;
    const raw = connect(port, '127.0.0.1').setNoDelay();
    raw.on('error', () => {});
    const headers = [
      'Host: x',
      `Authorization: ${ADMIN_HEADERS.authorization}`,
      'Connection: Upgrade',
      'Upgrade: websocket',
    ];
    headers.push('Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==');
    raw.write(`GET /api/v1/stream HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n`);
    await once(raw, 'data');
    // A masked text frame of 60,000 bytes.
    raw.write(Buffer.from([0x81, 0xfe, 0xea, 0x60, 0, 0, 0, 0]));
    const ended = new Promise((resolve) => raw.once('close', resolve));
    const dribble = setInterval(() => raw.write('x'), 1);
    await ended;
    clearInterval(dribble);
    await expect.poll(() => live.clientCount).toBe(0);
  });

  it('of connections is limited without excluding other clients', async () => {
    const { app, open, tokenHeaders, live } = await liveWorld();
    const mine = await tokenHeaders('mine');
    const attempts = await Promise.allSettled(Array.from({ length: MAX_CLIENTS_PER_CALLER + 20 }, () => open(mine)));
    const refused = attempts.filter(({ status }) => status === 'rejected');
    expect(refused.map((one) => (one as PromiseRejectedResult).reason.message)).toEqual(
      Array(20).fill('Unexpected server response: 429'),
    );
    expect(live.clientCount).toBe(MAX_CLIENTS_PER_CALLER);
    expect(app.websocketServer.clients.size).toBe(MAX_CLIENTS_PER_CALLER);
    const other = await open();
    for (const attempt of attempts) if (attempt.status === 'fulfilled') attempt.value.close();
    await expect.poll(() => live.clientCount).toBe(1);
    await open(mine);
    expect(other.readyState).toBe(other.OPEN);
  });
});

describe('streams beyond the limit', () => {
  /** Opens streams of several callers from one address; returns the number of rejected ones. */
  async function refusals(all: Awaited<ReturnType<typeof liveWorld>>, address: string, count: number): Promise<number> {
    const headers: Record<string, string>[] = [];
    for (let i = 0; i * MAX_CLIENTS_PER_CALLER < count; i++) headers.push(await all.tokenHeaders(`${address} ${i}`));
    const attempts = Array.from({ length: count }, (_, i) =>
      all.open(headers[Math.floor(i / MAX_CLIENTS_PER_CALLER)], address),
    );
    return (await Promise.allSettled(attempts)).filter(({ status }) => status === 'rejected').length;
  }

  it('of an address or in total are rejected', async () => {
    const all = await liveWorld();
    expect(await refusals(all, '127.0.0.1', MAX_CLIENTS_PER_ADDRESS + 3)).toBe(3);
    expect(await refusals(all, '127.0.0.2', MAX_CLIENTS_PER_ADDRESS + 1)).toBe(1);
    const left = MAX_CLIENTS - 2 * MAX_CLIENTS_PER_ADDRESS;
    expect(await refusals(all, '127.0.0.3', left + 2)).toBe(2);
    expect(all.live.clientCount).toBe(MAX_CLIENTS);
  });
});
