import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerMessage } from '@wattkeeper/contract/live.ts';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { AuthService } from '../../src/features/auth/service.ts';
import { LiveStream } from '../../src/http/live/live-stream.ts';
import { LatestValues } from '../../src/ingest/latest-values.ts';
import { LiveBus } from '../../src/ingest/live-bus.ts';
import { ADMIN_HEADERS, ADMIN_TOKEN, browserHeaders, securedServer } from '../records/secured-app.ts';
import { recordsIn, temporaryDatabase } from '../records/temporary-records.ts';

export const ROOT = { name: 'test', scopes: ['read', 'write', 'control', 'admin'], userId: null } as const;
const POLL_MS = 30;
const SUBSCRIBE_ALL = JSON.stringify({ type: 'subscribe', topics: ['readings:*', 'jobs'] });

/** The live stream behind the real server and sign-in, with records in a file. */
export async function liveWorld({ maxUnreadMs }: { maxUnreadMs?: number } = {}) {
  const clock = { now: Date.UTC(2026, 2, 29, 12) };
  const place = temporaryDatabase();
  const records = await recordsIn(place);
  const auth = new AuthService({ records, adminToken: ADMIN_TOKEN, now: () => clock.now });
  const latest = new LatestValues(() => clock.now);
  const bus = new LiveBus();
  const states = new Map<string, unknown>();
  const live = new LiveStream(
    {
      latest,
      subscribe: (listener) => bus.subscribe(listener),
      deviceId: (id) => id,
      snapshot: (topic) => states.get(topic),
      rights: auth,
      maxUnreadMs,
    },
    clock.now,
  );
  const app = await securedServer(auth, {
    apiRoutes: (api) => live.routes(api),
  });
  onTestFinished(async () => {
    live.close();
    await app.close();
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const open = (headers: Record<string, string> = ADMIN_HEADERS, localAddress = '127.0.0.1') =>
    opened(new WebSocket(`ws://127.0.0.1:${port}/api/v1/stream`, { headers, localAddress }));
  const tokenHeaders = async (name: string, userId: string | null = null, expiresAt: number | null = null) => {
    const { token } = await auth.tokens.create({ name, scopes: ['read', 'write'], expiresAt }, { ...ROOT, userId });
    return { authorization: `Bearer ${token}` };
  };
  return {
    clock,
    /** The same records as another process has them. */
    otherProcess: async () => {
      const own = await recordsIn(place);
      return new AuthService({ records: own, now: () => clock.now });
    },
    records,
    auth,
    live,
    app,
    open,
    tokenHeaders,
    publish(topic: string, state: unknown) {
      states.set(topic, state);
      live.publish(topic, state);
    },
    report(devices: number, metrics: number, value: number) {
      for (let d = 0; d < devices; d++) {
        for (let m = 0; m < metrics; m++) latest.restore(`device ${d}`, `group.quantity_${m}`, clock.now, value);
      }
      bus.publish(new Set(Array.from({ length: devices }, (_, d) => `device ${d}`)));
    },
    session: async (username: string, role: string) => {
      const user = await auth.users.create({ username, password: null, role }, 'test');
      const signedIn = await auth.signInWithCode(await auth.createSignInCode(user.id));
      return { user, signedIn, headers: { cookie: browserHeaders(signedIn).cookie } };
    },
    /** The end of the only stream. */
    served: () => [...app.websocketServer.clients][0]!,
    /** Bytes that wait for clients in the memory of the service, at most. */
    buffered: () => Math.max(0, ...[...app.websocketServer.clients].map((socket) => socket.bufferedAmount)),
  };
}

async function opened(socket: WebSocket): Promise<WebSocket> {
  socket.on('error', () => {});
  await once(socket, 'open');
  return socket;
}

/** Code and reason of a socket's end. */
export async function end(socket: WebSocket): Promise<[number, string]> {
  const [code, reason] = (await once(socket, 'close')) as [number, Buffer];
  return [code, String(reason)];
}

/** Messages from now on, by the type that ends the collection. */
export function until(socket: WebSocket, isLast: (message: ServerMessage) => boolean): Promise<ServerMessage[]> {
  const messages: ServerMessage[] = [];
  return new Promise((resolve) => {
    socket.on('message', (data) => {
      messages.push(JSON.parse(String(data)));
      if (isLast(messages.at(-1)!)) resolve(messages);
    });
  });
}

/** Reads nothing and asks for all readings, until more is written than the operating system takes. */
export async function stall(socket: WebSocket, buffered: () => number): Promise<void> {
  socket.pause();
  for (let times = 0; times < 3; times = buffered() === 0 ? 0 : times + 1) {
    if (buffered() === 0) socket.send(SUBSCRIBE_ALL);
    await sleep(POLL_MS);
  }
}
