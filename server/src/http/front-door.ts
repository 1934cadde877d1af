import { lookup } from 'node:dns/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { SECOND_MS } from '@wattkeeper/contract/durations.ts';
import { CONNECTION_LIMITS, type ConnectionLimits, limitConnections } from './connections.ts';

/** Whether a request is selected. */
export type Requests = (request: IncomingMessage) => boolean;

/** Maximum number of waiting requests; each uses memory without being read. */
export const MAX_WAITING_REQUESTS = 4_000;
/** Maximum waiting time of a request, after which it is answered with 503. */
const MAX_WAIT_MS = 60 * SECOND_MS;
const RETRY_AFTER_S = 5;
const EVERY: Requests = () => true;
const ANYWHERE = new Map([
  ['0.0.0.0', '127.0.0.1'],
  ['::', '[::1]'],
]);

export interface FrontDoorOptions {
  readonly limits?: ConnectionLimits;
  /** False behind a reverse proxy, whose address is that of all connections. */
  readonly perAddress: boolean;
}

/**
 * Listens for the service across its successive applications: connections are accepted and stay open while one application replaces
 * another. Requests that arrive meanwhile wait, unread.
 */
export class FrontDoor {
  readonly #options: FrontDoorOptions;
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();
  /** Requests that an application has not answered yet. */
  readonly #underWay = new Map<ServerResponse, { readonly request: IncomingMessage; readonly application: Server }>();
  readonly #waiting = new Set<{ readonly enter: () => void; readonly refuse: () => void }>();
  #application: Server | null = null;
  #held: Requests = EVERY;
  #closing = false;
  #url: string | null = null;

  constructor(options: FrontDoorOptions) {
    this.#options = options;
  }

  /** The URL at which it listens, without a trailing slash; null before it listens. */
  get url(): string | null {
    return this.#url;
  }

  /** Number of waiting requests. */
  get waitingCount(): number {
    return this.#waiting.size;
  }

  /** Number of requests that an application has not answered yet. */
  get openCount(): number {
    return this.#underWay.size;
  }

  /** Starts listening; requests wait until `open`. Rejects with the system's error if the address cannot be used. */
  async listen(host: string, port: number): Promise<void> {
    const [first, ...others] = host === 'localhost' ? await addressesOf(host) : [host];
    const bound = await this.#listenAt(first!, port);
    // A name with several addresses: listens at each available one.
    for (const address of others) await this.#listenAt(address, bound.port).catch(() => {});
    const name = ANYWHERE.get(bound.address) ?? (bound.family === 'IPv6' ? `[${bound.address}]` : bound.address);
    this.#url = `http://${name}:${bound.port}`;
  }

  /** Routes waiting and future requests to this application. */
  open(application: Server): void {
    this.#application = application;
    this.release();
  }

  /** Holds future requests until `open` or `release`. */
  hold(which: Requests = EVERY): void {
    this.#held = which;
  }

  /** Passes all waiting requests to the current application. */
  release(): void {
    this.#held = () => false;
    for (const { enter } of [...this.#waiting]) enter();
  }

  /** Resolves when the requests in progress are answered, or after `timeoutMs`. */
  async answered(which: Requests, timeoutMs: number): Promise<void> {
    await this.#closed(
      [...this.#underWay].flatMap(([response, { request }]) => (which(request) ? [response] : [])),
      timeoutMs,
    );
  }

  /** Resolves when an application has answered all its requests; unanswered ones are aborted after `timeoutMs`. */
  async leave(application: Server, timeoutMs: number): Promise<void> {
    const given = () =>
      [...this.#underWay].flatMap(([response, one]) => (one.application === application ? [response] : []));
    await this.#closed(given(), timeoutMs);
    for (const response of given()) response.destroy();
  }

  async #closed(responses: readonly ServerResponse[], timeoutMs: number): Promise<void> {
    const all = Promise.all(responses.map((response) => new Promise((done) => response.once('close', done))));
    const timer = new AbortController();
    await Promise.race([all, sleep(timeoutMs, undefined, { signal: timer.signal }).catch(() => {})]);
    timer.abort();
  }

  /** Stops accepting connections, and closes the remaining ones after `timeoutMs`. */
  async close(timeoutMs: number): Promise<void> {
    this.#closing = true;
    for (const { refuse } of [...this.#waiting]) refuse();
    const cut = setTimeout(() => {
      // Also closes WebSockets, which closeAllConnections does not.
      for (const socket of this.#sockets) socket.destroy();
    }, timeoutMs);
    await Promise.all(
      this.#servers.map((server) => {
        const closed = new Promise<void>((done) => server.close(() => done()));
        server.closeIdleConnections();
        return closed;
      }),
    );
    clearTimeout(cut);
  }

  #listenAt(host: string, port: number): Promise<AddressInfo> {
    const { limits = CONNECTION_LIMITS, perAddress } = this.#options;
    const server = createServer({
      requestTimeout: limits.requestMs,
      keepAliveTimeout: limits.idleMs,
      headersTimeout: limits.headersMs,
      connectionsCheckingInterval: limits.checkMs,
    });
    limitConnections(server, limits, perAddress);
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    server.on('request', (request, response) => this.#enter(request, response));
    server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket as Socket, head));
    server.on('clientError', (error, socket) => {
      if (!this.#application?.emit('clientError', error, socket)) socket.destroy();
    });
    return new Promise((done, refuse) => {
      server.once('error', refuse).listen({ host, port }, () => {
        this.#servers.push(server);
        done(server.address() as AddressInfo);
      });
    });
  }

  #enter(request: IncomingMessage, response: ServerResponse): void {
    if (this.#closing) response.setHeader('connection', 'close');
    const enter = () => {
      if (response.destroyed) return;
      const application = this.#application!;
      this.#underWay.set(response, { request, application });
      response.once('close', () => this.#underWay.delete(response));
      application.emit('request', request, response);
    };
    const refuse = () => {
      const body = JSON.stringify(BUSY);
      response.writeHead(503, {
        'content-type': 'application/problem+json',
        'retry-after': String(RETRY_AFTER_S),
        connection: 'close',
      });
      response.end(body);
    };
    this.#letIn(request, request, enter, refuse);
  }

  #upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    const ignore = () => {};
    socket.on('error', ignore);
    const enter = () => {
      socket.off('error', ignore);
      if (!socket.destroyed) this.#application!.emit('upgrade', request, socket, head);
    };
    const refuse = () => {
      socket.end(`HTTP/1.1 503 Service Unavailable\r\nRetry-After: ${RETRY_AFTER_S}\r\nConnection: close\r\n\r\n`);
    };
    this.#letIn(request, socket, enter, refuse);
  }

  /** @param given the resource to close when the client disconnects */
  #letIn(request: IncomingMessage, given: IncomingMessage | Socket, enter: () => void, refuse: () => void): void {
    if (this.#application !== null && !this.#held(request)) {
      enter();
      return;
    }
    if (this.#closing || this.#waiting.size >= MAX_WAITING_REQUESTS) {
      refuse();
      return;
    }
    const leave = () => {
      clearTimeout(timer);
      given.off('close', leave);
      this.#waiting.delete(waiting);
    };
    const waiting = {
      enter: () => {
        leave();
        enter();
      },
      refuse: () => {
        leave();
        refuse();
      },
    };
    const timer = setTimeout(waiting.refuse, MAX_WAIT_MS);
    given.once('close', leave);
    this.#waiting.add(waiting);
  }
}

const BUSY = {
  type: 'about:blank',
  title: 'Service Unavailable',
  status: 503,
  code: 'unavailable',
  detail: 'the service is changing to its data folder: send the request again in a few seconds',
};

async function addressesOf(name: string): Promise<string[]> {
  const found = await lookup(name, { all: true });
  return found.map(({ address }) => address);
}
