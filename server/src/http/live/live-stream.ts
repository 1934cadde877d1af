import { LIVE_CLOSE } from '@wattkeeper/contract/live.ts';
import type { FastifyRequest } from 'fastify';
import type { WebSocket } from 'ws';
import { Unavailable } from '../../domain/errors.ts';
import type { Api } from '../api.ts';
import { callerOf } from '../security-caller.ts';
import type { LiveSources } from './due-messages.ts';
import { EventRing } from './event-ring.ts';
import { LiveClient } from './live-client.ts';
import { type LatestSource, ReadingChanges } from './reading-changes.ts';
import { type LiveRights, RightsWatch } from './rights-watch.ts';
import { STREAM_DESCRIPTION } from './stream-description.ts';

export interface LiveStreamOptions extends Pick<LiveSources, 'deviceId' | 'snapshot'> {
  readonly latest: LatestSource;
  /** Registers a listener for devices with newer values; returns the function that removes it. */
  readonly subscribe: (listener: (deviceIds: ReadonlySet<string>) => void) => () => void;
  readonly rights: LiveRights;
  /** Default: `MAX_UNREAD_MS`. */
  readonly maxUnreadMs?: number | undefined;
}

export const MAX_CLIENTS = 500;
export const MAX_CLIENTS_PER_ADDRESS = 200;
/** A caller is a user with all sessions, or a token with all its connections. */
export const MAX_CLIENTS_PER_CALLER = 100;
/** A client that has not read a message within this time is disconnected. */
export const MAX_UNREAD_MS = 30_000;
const RETRY_AFTER_S = 10;
/** Changes within this time are sent together. */
const GATHER_MS = 20;
const HEARTBEAT_MS = 30_000;
const PACE_CHECK_MS = 1_000;
/** Messages are processed and built for at most this long per turn of the event loop. */
const MAX_TURN_MS = 10;

/**
 * The WebSocket at `/stream`: a subscriber receives a snapshot, then changes. Nothing is queued per client: events and changed devices are stored once
 * for all clients, and each client has positions in them (`DueMessages`). A slow client therefore skips values instead of filling memory.
 */
export class LiveStream {
  readonly #sources: LiveSources;
  readonly #clients = new Set<LiveClient>();
  readonly #rights: RightsWatch;
  readonly #unsubscribe: () => void;
  readonly #timers: NodeJS.Timeout[];
  /** Clients that may have a message to process or to send. */
  readonly #due = new Set<LiveClient>();
  #working: NodeJS.Immediate | null = null;
  #gathering: NodeJS.Timeout | null = null;

  /** @param firstId first id of an event; derive it from the clock, so that ids also increase across restarts */
  constructor(options: LiveStreamOptions, firstId: number) {
    const { latest, deviceId, snapshot, rights, subscribe, maxUnreadMs = MAX_UNREAD_MS } = options;
    this.#sources = { latest, deviceId, snapshot, events: new EventRing(firstId), changes: new ReadingChanges(latest) };
    this.#rights = new RightsWatch(rights, this.#clients);
    this.#unsubscribe = subscribe((deviceIds) => this.#changed(deviceIds));
    this.#timers = [
      setInterval(() => this.#each((client) => client.checkLife()), HEARTBEAT_MS),
      setInterval(() => this.#each((client) => client.checkPace(maxUnreadMs)), PACE_CHECK_MS),
    ];
    for (const timer of this.#timers) timer.unref();
  }

  routes(api: Api): void {
    const schema = {
      tags: ['service'],
      summary: 'Live stream over WebSocket: subscribe to topics, get a snapshot, then changes',
      description: STREAM_DESCRIPTION,
    };
    api.get(
      '/stream',
      {
        schema,
        websocket: true,
        config: { scope: 'read' },
        // Synchronous: no other stream may open between the count and the connection.
        preHandler: (request, _reply, done) => done(this.#lackOfRoom(request)),
      },
      (socket: WebSocket, request) => this.#connect(socket, request),
    );
  }

  get clientCount(): number {
    return this.#clients.size;
  }

  /** Sends an event to the subscribers of its topic. */
  publish(topic: string, data: unknown): void {
    this.#sources.events.add(topic, data);
    this.#each((client) => this.#wake(client));
  }

  close(): void {
    this.#unsubscribe();
    this.#rights.close();
    for (const timer of this.#timers) clearInterval(timer);
    if (this.#gathering) clearTimeout(this.#gathering);
    if (this.#working) clearImmediate(this.#working);
    this.#each((client) => client.end(LIVE_CLOSE.stopping, 'the service is stopping'));
  }

  /** Also counts streams that are ending, because their sockets are still open. */
  #lackOfRoom(request: FastifyRequest): Unavailable | undefined {
    const { name } = callerOf(request);
    const clients = [...this.#clients];
    const limits: [max: number, whose: string, count: number][] = [
      [MAX_CLIENTS, 'in total', clients.length],
      [MAX_CLIENTS_PER_CALLER, `of ${name}`, clients.filter(({ caller }) => caller.name === name).length],
      [MAX_CLIENTS_PER_ADDRESS, 'of this address', clients.filter(({ address }) => address === request.ip).length],
    ];
    const reached = limits.find(([max, , count]) => count >= max);
    if (reached === undefined) return undefined;
    const [max, whose] = reached;
    return new Unavailable(`${max} live streams ${whose} are open, which is the limit: close others first`, {
      code: 'too_many_requests',
      retryAfterS: RETRY_AFTER_S,
    });
  }

  #connect(socket: WebSocket, request: FastifyRequest): void {
    if (this.#clients.size === 0) this.#sources.changes.reset();
    const caller = callerOf(request);
    const client = new LiveClient(socket, { caller, address: request.ip }, this.#sources, (due) => this.#wake(due));
    this.#clients.add(client);
    socket.on('close', () => {
      this.#clients.delete(client);
      this.#due.delete(client);
    });
    // The rights of the request may have been read some seconds ago.
    this.#rights.check();
  }

  #changed(deviceIds: ReadonlySet<string>): void {
    if (this.#clients.size === 0) return;
    this.#sources.changes.note(deviceIds);
    this.#gathering ??= setTimeout(() => {
      this.#gathering = null;
      this.#sources.changes.release();
      this.#each((client) => this.#wake(client));
    }, GATHER_MS);
  }

  #each(act: (client: LiveClient) => void): void {
    for (const client of this.#clients) act(client);
  }

  #wake(client: LiveClient): void {
    this.#due.add(client);
    this.#working ??= setImmediate(() => this.#work());
  }

  #work(): void {
    this.#working = null;
    const until = performance.now() + MAX_TURN_MS;
    for (const client of this.#due) {
      this.#due.delete(client);
      client.work();
      if (performance.now() >= until) break;
    }
    if (this.#due.size > 0) this.#working = setImmediate(() => this.#work());
  }
}
