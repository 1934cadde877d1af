import { ClientMessage, type LiveReading, type ServerMessage } from '@wattkeeper/contract/live.ts';
import type { WebSocket } from 'ws';
import { messageOf } from '../domain/errors.ts';
import type { Api } from './api.ts';

export interface LatestSource {
  of(deviceId: string): Iterable<{ metric: string; timestamp: number; value: number; revision: number }>;
  deviceIds(): readonly string[];
}

export interface LiveStreamOptions {
  readonly latest: LatestSource;
  /** Calls back with devices that have newer values, until the answer is called. */
  readonly subscribe: (listener: (deviceIds: ReadonlySet<string>) => void) => () => void;
  /** The id of a device named by id or by name. */
  readonly deviceId: (idOrName: string) => string | undefined;
  /** What a topic other than readings shows to someone who has just subscribed. */
  readonly snapshot: (topic: string) => unknown;
}

/** Changes are gathered this long and sent together. */
const GATHER_MS = 20;
/** A client whose socket holds more than this gets nothing until it has read; then it gets the newest values only. */
const MAX_BUFFERED_BYTES = 256 * 1024;
const MAX_CLIENTS = 1000;
const EVENTS_KEPT = 500;
const HEARTBEAT_MS = 30_000;

interface LiveEvent {
  readonly id: number;
  readonly topic: string;
  readonly data: unknown;
}

/**
 * The WebSocket at `/stream`: who subscribes gets a snapshot, then changes. Readings are never queued by client: each client only
 * remembers which devices changed since it was last written to, so a slow one skips values instead of filling memory.
 */
export class LiveStream {
  readonly #options: LiveStreamOptions;
  readonly #clients = new Set<Client>();
  readonly #unsubscribe: () => void;
  readonly #heartbeat: NodeJS.Timeout;
  #events: LiveEvent[] = [];
  #lastId: number;
  #gathering: NodeJS.Timeout | null = null;

  /** @param firstId ids grow from here; give the clock, so that they grow across restarts too */
  constructor(options: LiveStreamOptions, firstId: number) {
    this.#options = options;
    this.#lastId = firstId;
    this.#unsubscribe = options.subscribe((deviceIds) => this.#changed(deviceIds));
    this.#heartbeat = setInterval(() => this.#checkClients(), HEARTBEAT_MS);
    this.#heartbeat.unref();
  }

  routes(api: Api): void {
    const schema = {
      tags: ['service'],
      summary: 'Live stream over WebSocket: subscribe to topics, get a snapshot, then changes',
    };
    api.get('/stream', { schema, websocket: true, config: { scope: 'read' } }, (socket: WebSocket) =>
      this.#connect(socket),
    );
  }

  get clientCount(): number {
    return this.#clients.size;
  }

  /** Tells everyone who listens to a topic. */
  publish(topic: string, data: unknown): void {
    const event = { id: ++this.#lastId, topic, data };
    this.#events.push(event);
    if (this.#events.length > EVENTS_KEPT) this.#events = this.#events.slice(-EVENTS_KEPT / 2);
    for (const client of this.#clients) if (client.topics.has(topic)) client.send({ type: 'event', ...event });
  }

  close(): void {
    this.#unsubscribe();
    clearInterval(this.#heartbeat);
    if (this.#gathering) clearTimeout(this.#gathering);
    for (const client of this.#clients) client.socket.close(1001, 'the service is stopping');
  }

  #connect(socket: WebSocket): void {
    if (this.#clients.size >= MAX_CLIENTS) {
      socket.close(1013, `more than ${MAX_CLIENTS} clients are connected`);
      return;
    }
    const client = new Client(socket);
    this.#clients.add(client);
    socket.on('message', (data: Buffer) => this.#receive(client, data.toString()));
    socket.on('close', () => this.#clients.delete(client));
    socket.on('error', () => this.#clients.delete(client));
    socket.on('pong', () => {
      client.alive = true;
    });
  }

  #receive(client: Client, text: string): void {
    const message = parseMessage(text);
    if ('error' in message) {
      client.send({ type: 'error', id: ++this.#lastId, code: 'invalid_input', detail: message.error });
      return;
    }
    if (message.type === 'ping') client.send({ type: 'pong', id: ++this.#lastId });
    else if (message.type === 'unsubscribe') for (const topic of message.topics) this.#drop(client, topic);
    else for (const topic of message.topics) this.#subscribe(client, topic, message.since);
  }

  #subscribe(client: Client, topic: string, since: number | undefined): void {
    const of = topic.startsWith('readings:') ? topic.slice('readings:'.length) : null;
    if (of === null) {
      client.topics.add(topic);
      const oldest = this.#events[0]?.id ?? this.#lastId + 1;
      if (since !== undefined && since >= oldest - 1 && since <= this.#lastId) {
        for (const event of this.#events)
          if (event.id > since && event.topic === topic) client.send({ type: 'event', ...event });
        return;
      }
      client.send({ type: 'snapshot', id: ++this.#lastId, topic, data: this.#options.snapshot(topic) ?? null });
      return;
    }
    const deviceIds = of === '*' ? this.#options.latest.deviceIds() : [this.#options.deviceId(of)];
    const known = deviceIds.filter((id) => id !== undefined);
    if (of !== '*' && known.length === 0) {
      const detail = `no device has the id or name "${of}"`;
      client.send({ type: 'error', id: ++this.#lastId, code: 'not_found', detail });
      return;
    }
    if (of === '*') client.everything = true;
    else client.devices.add(known[0] as string);
    const items = known.flatMap((deviceId) => this.#reading(client, deviceId, 0) ?? []);
    client.send({ type: 'snapshot', id: ++this.#lastId, topic, data: items });
  }

  #drop(client: Client, topic: string): void {
    const of = topic.startsWith('readings:') ? topic.slice('readings:'.length) : null;
    if (of === null) client.topics.delete(topic);
    else if (of === '*') client.everything = false;
    else client.devices.delete(this.#options.deviceId(of) ?? '');
  }

  #changed(deviceIds: ReadonlySet<string>): void {
    if (this.#clients.size === 0) return;
    for (const client of this.#clients) {
      for (const deviceId of deviceIds) if (client.wants(deviceId)) client.changed.add(deviceId);
    }
    this.#gathering ??= setTimeout(() => this.#flush(), GATHER_MS);
  }

  #flush(): void {
    this.#gathering = null;
    let waiting = false;
    for (const client of this.#clients) {
      if (client.changed.size === 0) continue;
      if (client.socket.bufferedAmount > MAX_BUFFERED_BYTES) {
        waiting = true;
        continue;
      }
      const items: LiveReading[] = [];
      for (const deviceId of client.changed) {
        const item = this.#reading(client, deviceId, client.seen.get(deviceId) ?? 0);
        if (item) items.push(item);
      }
      client.changed.clear();
      if (items.length > 0) client.send({ type: 'readings', id: ++this.#lastId, items });
    }
    if (waiting) this.#gathering = setTimeout(() => this.#flush(), GATHER_MS * 10);
  }

  /** Values of a device that changed behind a revision, or null; the client has seen them then. */
  #reading(client: Client, deviceId: string, behind: number): LiveReading | null {
    const values = new Map<string, number>();
    let timestamp = Number.NEGATIVE_INFINITY;
    let seen = behind;
    for (const sample of this.#options.latest.of(deviceId)) {
      if (sample.revision <= behind) continue;
      values.set(sample.metric, sample.value);
      timestamp = Math.max(timestamp, sample.timestamp);
      seen = Math.max(seen, sample.revision);
    }
    client.seen.set(deviceId, seen);
    return seen === behind ? null : { device_id: deviceId, timestamp, values: Object.fromEntries(values) };
  }

  #checkClients(): void {
    for (const client of this.#clients) {
      if (!client.alive) {
        client.socket.terminate();
        continue;
      }
      client.alive = false;
      client.socket.ping();
    }
  }
}

class Client {
  readonly socket: WebSocket;
  readonly topics = new Set<string>();
  readonly devices = new Set<string>();
  readonly changed = new Set<string>();
  /** Device → newest revision that was sent. */
  readonly seen = new Map<string, number>();
  everything = false;
  alive = true;

  constructor(socket: WebSocket) {
    this.socket = socket;
  }

  wants(deviceId: string): boolean {
    return this.everything || this.devices.has(deviceId);
  }

  send(message: ServerMessage): void {
    if (this.socket.readyState === this.socket.OPEN) this.socket.send(JSON.stringify(message));
  }
}

function parseMessage(text: string): ClientMessage | { error: string } {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return { error: `a message must be JSON: ${messageOf(error)}` };
  }
  const parsed = ClientMessage.safeParse(json);
  if (parsed.success) return parsed.data;
  return { error: parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ') };
}
