import { type ClientMessage, LIVE_CLOSE, type LiveReading, type ServerMessage } from '@wattkeeper/contract/live.ts';
import { mergeReading, readingsOf } from './live-readings.ts';

export type LiveState = 'connecting' | 'open' | 'waiting';

export interface LiveListener {
  /** Changes since the previous frame, one entry per device. */
  readings?(changed: readonly LiveReading[]): void;
  event?(topic: string, data: unknown): void;
}

/** Socket, timers and animation frames that the client uses; the browser's by default. */
export interface LiveOptions {
  readonly url: string;
  /** Called when the server ends the stream because the session has ended. */
  readonly onSignedOut?: () => void;
  readonly open?: (url: string) => WebSocket;
  readonly frame?: (run: () => void) => void;
  readonly random?: () => number;
}

const FIRST_BACKOFF_MS = 500;
const MAX_BACKOFF_MS = 30_000;
/** A ping is sent after this silence; without an answer within the same time, the socket is treated as dead. */
const SILENCE_MS = 20_000;

/**
 * The live stream: one socket for all subscribed topics. It reconnects with exponential backoff and jitter, resumes
 * after the last id received, and delivers readings at most once per animation frame, merged by device, so that a fast stream
 * or a hidden page uses bounded memory and CPU time.
 */
export class LiveClient {
  readonly #options: Required<LiveOptions>;
  readonly #listeners = new Map<LiveListener, readonly string[]>();
  readonly #stateListeners = new Set<() => void>();
  readonly #pending = new Map<string, LiveReading>();
  #socket: WebSocket | null = null;
  #state: LiveState = 'connecting';
  #lastId: number | null = null;
  /** Topics whose snapshot has arrived: after a reconnect the events after `#lastId` are enough for them. */
  readonly #resumable = new Set<string>();
  #attempts = 0;
  #frameAsked = false;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #silenceTimer: ReturnType<typeof setTimeout> | undefined;
  #pinged = false;

  constructor(options: LiveOptions) {
    this.#options = {
      open: (url) => new WebSocket(url),
      frame: (run) => void requestAnimationFrame(run),
      random: Math.random,
      onSignedOut: () => {},
      ...options,
    };
  }

  readonly state = (): LiveState => this.#state;

  readonly onState = (listener: () => void): (() => void) => {
    this.#stateListeners.add(listener);
    return () => this.#stateListeners.delete(listener);
  };

  /** Listens to topics until the returned function is called. The socket is open while there are listeners. */
  subscribe(topics: readonly string[], listener: LiveListener): () => void {
    const known = new Set([...this.#listeners.values()].flat());
    this.#listeners.set(listener, topics);
    const fresh = topics.filter((topic) => !known.has(topic));
    if (!this.#socket && this.#retryTimer === undefined) this.#connect();
    else if (this.#state === 'open') this.#ask(fresh);
    return () => this.#unsubscribe(listener);
  }

  /** Reconnects immediately, for example when the browser is online again. */
  retryNow(): void {
    if (this.#state !== 'waiting' || this.#listeners.size === 0) return;
    clearTimeout(this.#retryTimer);
    this.#connect();
  }

  close(): void {
    this.#listeners.clear();
    this.#hangUp();
  }

  #unsubscribe(listener: LiveListener): void {
    const topics = this.#listeners.get(listener) ?? [];
    this.#listeners.delete(listener);
    const wanted = new Set([...this.#listeners.values()].flat());
    const idle = topics.filter((topic) => !wanted.has(topic));
    if (this.#listeners.size === 0) this.#hangUp();
    else if (idle.length > 0) this.#send({ type: 'unsubscribe', topics: idle });
    for (const topic of idle) this.#resumable.delete(topic);
  }

  #connect(): void {
    this.#retryTimer = undefined;
    this.#setState('connecting');
    const socket = this.#options.open(this.#options.url);
    this.#socket = socket;
    socket.onopen = () => this.#opened();
    socket.onmessage = (message) => this.#received(JSON.parse(String(message.data)) as ServerMessage);
    socket.onclose = ({ code }) => {
      if (this.#socket !== socket) return;
      this.#lost();
      if (code === LIVE_CLOSE.signedOut) this.#options.onSignedOut();
    };
  }

  #opened(): void {
    this.#setState('open');
    this.#listenForSilence();
    const topics = [...new Set([...this.#listeners.values()].flat())];
    const known = topics.filter((topic) => this.#resumable.has(topic));
    if (known.length > 0 && this.#lastId !== null)
      this.#send({ type: 'subscribe', topics: known, since: this.#lastId });
    this.#ask(topics.filter((topic) => !this.#resumable.has(topic)));
  }

  /** Subscribes to topics from their snapshot on. */
  #ask(topics: string[]): void {
    for (const topic of topics) this.#resumable.delete(topic);
    if (topics.length > 0) this.#send({ type: 'subscribe', topics });
  }

  #received(message: ServerMessage): void {
    this.#attempts = 0;
    this.#lastId = message.id;
    this.#listenForSilence();
    if (message.type === 'snapshot' && message.more !== true) this.#resumable.add(message.topic);
    if (message.type === 'readings') this.#queue(message.items);
    if (message.type === 'snapshot' && message.topic.startsWith('readings:')) this.#queue(readingsOf(message.data));
    else if (message.type === 'snapshot' || message.type === 'event') {
      for (const [listener, topics] of this.#listeners) {
        if (topics.includes(message.topic)) listener.event?.(message.topic, message.data);
      }
    }
  }

  #queue(readings: readonly LiveReading[]): void {
    for (const reading of readings) {
      this.#pending.set(reading.device_id, mergeReading(this.#pending.get(reading.device_id), reading));
    }
    if (this.#frameAsked || this.#pending.size === 0) return;
    this.#frameAsked = true;
    this.#options.frame(() => this.#flush());
  }

  #flush(): void {
    this.#frameAsked = false;
    const changed = [...this.#pending.values()];
    this.#pending.clear();
    for (const [listener, topics] of this.#listeners) {
      const all = topics.includes('readings:*');
      const own = all ? changed : changed.filter((reading) => topics.includes(`readings:${reading.device_id}`));
      if (own.length > 0) listener.readings?.(own);
    }
  }

  #listenForSilence(): void {
    clearTimeout(this.#silenceTimer);
    this.#pinged = false;
    this.#silenceTimer = setTimeout(() => this.#silent(), SILENCE_MS);
  }

  #silent(): void {
    if (this.#pinged) {
      this.#socket?.close();
      this.#lost();
      return;
    }
    this.#pinged = true;
    this.#send({ type: 'ping' });
    this.#silenceTimer = setTimeout(() => this.#silent(), SILENCE_MS);
  }

  #lost(): void {
    this.#socket = null;
    clearTimeout(this.#silenceTimer);
    if (this.#listeners.size === 0) return;
    this.#setState('waiting');
    const wait = Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** this.#attempts++);
    this.#retryTimer = setTimeout(() => this.#connect(), wait * (0.5 + this.#options.random() / 2));
  }

  #hangUp(): void {
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#silenceTimer);
    this.#retryTimer = undefined;
    this.#resumable.clear();
    this.#lastId = null;
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
    this.#setState('connecting');
  }

  #send(message: ClientMessage): void {
    if (this.#socket?.readyState === 1) this.#socket.send(JSON.stringify(message));
  }

  #setState(state: LiveState): void {
    if (state === this.#state) return;
    this.#state = state;
    for (const listener of this.#stateListeners) listener();
  }
}
