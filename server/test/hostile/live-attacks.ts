/** Hostile clients of the live stream. The test runs them small, the bench large. */
import { once } from 'node:events';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { postReadings, type Service, TOKEN } from '../journeys/service.ts';

export interface LiveAttack {
  readonly name: string;
  readonly clients: number;
  /** Per client; a disconnected client reconnects and continues. */
  readonly messages: number;
  readonly reads: boolean;
  readonly act: (socket: WebSocket, i: number) => void;
}

const DEVICES = 1_000;
const METRICS = 10;
/** How many report all the time, and how often. */
const DEVICES_REPORTING = 50;
const REPORT_EVERY_MS = 50;
const RETRY_EVERY_MS = 20;
/** What a client keeps of what the service has not taken. */
const MAX_UNSENT_BYTES = 64 * 1024;

const topicsOfDevices = Array.from({ length: DEVICES }, (_, i) => `readings:device ${i}`);
const ALL = ['readings:*', 'jobs'];

/** @param messages how many each client sends where they are small */
export function liveAttacks(messages: number): LiveAttack[] {
  const send = (socket: WebSocket, type: string, topics?: readonly string[]) =>
    socket.send(JSON.stringify({ type, topics }));
  const attack = (name: string, act: LiveAttack['act'], other: Partial<LiveAttack> = {}): LiveAttack => ({
    name: `live: ${name}`,
    clients: 4,
    messages,
    reads: false,
    act,
    ...other,
  });
  return [
    attack('none, for comparison', (socket) => socket.pong(), { messages: 200, reads: true }),
    attack('subscribes again and again, reads nothing', (socket) => send(socket, 'subscribe', ALL)),
    attack('subscribes again and again, reads', (socket) => send(socket, 'subscribe', ALL), { reads: true }),
    attack('in and out, reads nothing', (socket, i) => send(socket, i % 2 ? 'unsubscribe' : 'subscribe', ALL)),
    attack('ping frames, reads nothing', (socket) => socket.ping(Buffer.alloc(125))),
    attack('pings and nonsense, reads nothing', (socket, i) => socket.send(i % 2 ? '{"type":"ping"}' : 'nonsense')),
    attack('long messages', (socket) => send(socket, 'subscribe', Array(1_000).fill('x'.repeat(50))), {
      messages: Math.ceil(messages / 10),
      reads: true,
    }),
    attack(
      '100 clients with 1,000 topics each, reading nothing',
      (socket) => send(socket, 'subscribe', topicsOfDevices),
      {
        clients: 100,
        messages: 3,
      },
    ),
    attack(
      'connects, subscribes and leaves',
      (socket) => {
        send(socket, 'subscribe', ALL);
        socket.close();
      },
      { messages: Math.ceil(messages / 10), reads: true },
    ),
  ];
}

/** Gives devices their values. */
export async function report(service: Service, value: number, devices = DEVICES): Promise<void> {
  const values = Object.fromEntries(Array.from({ length: METRICS }, (_, i) => [`group.quantity_${i}_kw`, value + i]));
  const timestamp = new Date().toISOString();
  const readings = Array.from({ length: devices }, (_, i) => ({ device_id: `device ${i}`, timestamp, values }));
  const answer = await postReadings(service, readings);
  if (answer.status !== 202) throw new Error(`readings were answered with ${answer.status}: ${await answer.text()}`);
}

/** Runs an attack while the devices report; returns how often the service disconnected or rejected clients. */
export async function runLiveAttack(service: Service, attack: LiveAttack): Promise<number> {
  const sockets = new Map<number, WebSocket>();
  let ended = false;
  const reporting = (async () => {
    for (let value = 1; !ended; value++) {
      await report(service, value, DEVICES_REPORTING);
      await sleep(REPORT_EVERY_MS);
    }
  })();
  const one = async (client: number): Promise<number> => {
    let cuts = -1;
    for (let i = 0; i < attack.messages; i++) {
      let socket = sockets.get(client);
      while (socket?.readyState !== WebSocket.OPEN) {
        socket?.terminate();
        cuts++;
        socket = await connected(service, attack.reads);
        sockets.set(client, socket);
      }
      attack.act(socket, i);
      await turn();
      while (socket.readyState === WebSocket.OPEN && socket.bufferedAmount > MAX_UNSENT_BYTES)
        await sleep(RETRY_EVERY_MS);
    }
    return cuts;
  };
  try {
    const cuts = await Promise.all(Array.from({ length: attack.clients }, (_, client) => one(client)));
    return cuts.reduce((sum, count) => sum + count, 0);
  } finally {
    ended = true;
    await reporting;
    for (const socket of sockets.values()) socket.terminate();
  }
}

/** A connection, once the service accepts one. */
async function connected(service: Service, reads: boolean): Promise<WebSocket> {
  for (;;) {
    const socket = new WebSocket(`${service.url.replace('http', 'ws')}/api/v1/stream`, {
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    socket.on('error', () => {});
    const [outcome] = await Promise.race([
      once(socket, 'open').then(() => ['open']),
      once(socket, 'close').then(() => ['close']),
    ]);
    if (outcome === 'open') {
      if (!reads) socket.pause();
      return socket;
    }
    if (service.outcome() !== null) throw new Error(`the service ended: ${service.outcome()}`);
    await sleep(RETRY_EVERY_MS);
  }
}
