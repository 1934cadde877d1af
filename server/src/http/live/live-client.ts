import { LIVE_CLOSE } from '@wattkeeper/contract/live.ts';
import type { WebSocket } from 'ws';
import type { Caller } from '../api.ts';
import { Allowance, MAX_MESSAGES_PER_S } from './allowance.ts';
import { DueMessages, type LiveSources } from './due-messages.ts';

/** A client that does not confirm the end of its stream is disconnected after this time. */
const CLOSE_GRACE_MS = 500;

/**
 * One WebSocket. At most one message is in its buffer: the next one is built when the operating system has accepted the previous one, so
 * that a slow client uses the memory of one message. Messages from the client are read only as fast as they are processed; further ones wait at the
 * client.
 */
export class LiveClient {
  readonly caller: Caller;
  readonly address: string;
  readonly #socket: WebSocket;
  readonly #allowance: Allowance;
  #due: DueMessages | null;
  /** Messages that arrived together and wait to be processed; reading is paused meanwhile. */
  #received: Buffer[] = [];
  /** Payload of the newest ping frame without an answer; by RFC 6455, 5.5.3, one answer covers earlier pings. */
  #ping: Buffer | null = null;
  #sendingSince: number | null = null;
  #isAlive = true;
  #cutOff: NodeJS.Timeout | undefined;
  /** Called when something may be due. */
  readonly #onDue: (client: LiveClient) => void;

  constructor(
    socket: WebSocket,
    { caller, address }: Pick<LiveClient, 'caller' | 'address'>,
    sources: LiveSources,
    onDue: (client: LiveClient) => void,
  ) {
    this.caller = caller;
    this.address = address;
    this.#socket = socket;
    this.#due = new DueMessages(sources);
    this.#allowance = new Allowance(performance.now());
    this.#onDue = onDue;
    socket.on('message', (data: Buffer) => this.#take(data));
    socket.on('ping', (data: Buffer) => this.#pinged(data));
    socket.on('pong', (data: Buffer) => {
      if (this.#mayTake(data)) this.#isAlive = true;
    });
    // The socket answers an oversized message or invalid frame with a close frame.
    socket.on('error', () => this.#finish());
    socket.on('close', () => {
      this.#due = null;
      clearTimeout(this.#cutOff);
    });
  }

  /** Processes a received message, and sends the next one. */
  work(): void {
    const received = this.#received.shift();
    if (received !== undefined) {
      this.#due?.receive(received.toString());
      if (this.#received.length === 0) this.#socket.resume();
      else this.#onDue(this);
    }
    this.#write();
  }

  /** Sends the next message, unless one is being sent or none is due. */
  #write(): void {
    if (this.#due === null || this.#sendingSince !== null || this.#socket.readyState !== this.#socket.OPEN) return;
    const sent = () => {
      this.#sendingSince = null;
      if (this.#due !== null) this.#onDue(this);
    };
    if (this.#ping !== null) {
      this.#sendingSince = performance.now();
      this.#socket.pong(this.#ping, false, sent);
      this.#ping = null;
      return;
    }
    const message = this.#due.next();
    if (message === null) return;
    this.#sendingSince = performance.now();
    this.#socket.send(message, { binary: false }, sent);
  }

  /** Ends the stream if the client has read nothing for this long. */
  checkPace(maxMs: number): void {
    if (this.#sendingSince === null || performance.now() - this.#sendingSince < maxMs) return;
    this.end(LIVE_CLOSE.tooSlow, `nothing was read for ${maxMs / 1000} s`);
  }

  /** Disconnects the client if it has not answered since the last call; otherwise pings it. */
  checkLife(): void {
    if (!this.#isAlive) this.#socket.terminate();
    else if (this.#due !== null) this.#socket.ping();
    this.#isAlive = false;
  }

  /** Ends the stream; afterwards nothing is sent or received. */
  end(code: number, reason: string): void {
    if (this.#due === null) return;
    this.#socket.close(code, reason);
    this.#finish();
  }

  #finish(): void {
    this.#due = null;
    this.#received = [];
    // Reading resumes so that the client's close frame is received.
    this.#socket.resume();
    this.#cutOff ??= setTimeout(() => this.#socket.terminate(), CLOSE_GRACE_MS);
  }

  #take(data: Buffer): void {
    if (!this.#mayTake(data)) return;
    this.#received.push(data);
    this.#socket.pause();
    this.#onDue(this);
  }

  #pinged(data: Buffer): void {
    if (!this.#mayTake(data)) return;
    this.#ping = Buffer.from(data);
    this.#onDue(this);
  }

  #mayTake(data: Buffer): boolean {
    if (this.#due === null) return false;
    if (this.#allowance.take(data.length, performance.now())) return true;
    this.end(LIVE_CLOSE.tooManyMessages, `more than ${MAX_MESSAGES_PER_S} messages or KB a second`);
    return false;
  }
}
