import type { Scope } from '@wattkeeper/contract/access/auth.ts';
import { LIVE_CLOSE } from '@wattkeeper/contract/live.ts';
import { SerialQueue } from '../../domain/serial-queue.ts';
import type { Caller } from '../api.ts';
import type { LiveClient } from './live-client.ts';

/** The current rights of callers. */
export interface LiveRights {
  /** The current scopes of each caller; null if its session or token has ended. */
  scopesInForce(callers: readonly Caller[]): Promise<readonly (readonly Scope[] | null)[]>;
  /** Registers a listener for possible changes of rights; returns the function that removes it. */
  onRightsChanged(listener: () => void): () => void;
}

/** Checks are regular because another process, such as the command line, may withdraw rights, and sessions and tokens expire. */
export const RIGHTS_CHECK_EVERY_MS = 1_500;
/** While rights cannot be read, streams continue for this many checks. */
const MAX_CHECKS_MISSED = 2;

/** Ends streams whose callers have lost rights: immediately if this process withdraws them, otherwise at the next check. */
export class RightsWatch {
  readonly #rights: LiveRights;
  readonly #clients: ReadonlySet<LiveClient>;
  readonly #unsubscribe: () => void;
  readonly #timer: NodeJS.Timeout;
  readonly #queue = new SerialQueue();
  #isDue = false;
  #missed = 0;

  constructor(rights: LiveRights, clients: ReadonlySet<LiveClient>) {
    this.#rights = rights;
    this.#clients = clients;
    this.#unsubscribe = rights.onRightsChanged(() => this.check());
    this.#timer = setInterval(() => this.#tick(), RIGHTS_CHECK_EVERY_MS);
    this.#timer.unref();
  }

  /** Reads the rights of all callers, after a read that is in progress; calls before it begins share one read. */
  check(): void {
    if (this.#isDue || this.#clients.size === 0) return;
    this.#isDue = true;
    // The timer handles failures: it counts missed checks.
    this.#queue.run(() => this.#check()).catch(() => {});
  }

  close(): void {
    clearInterval(this.#timer);
    this.#unsubscribe();
  }

  #tick(): void {
    if (++this.#missed > MAX_CHECKS_MISSED) {
      for (const client of this.#clients) client.end(LIVE_CLOSE.unavailable, 'rights cannot be checked at present');
    }
    if (this.#clients.size === 0) this.#missed = 0;
    this.check();
  }

  async #check(): Promise<void> {
    this.#isDue = false;
    const clients = [...this.#clients];
    const scopes = await this.#rights.scopesInForce(clients.map(({ caller }) => caller));
    this.#missed = 0;
    for (const [i, client] of clients.entries()) {
      const left = scopes[i]!;
      if (left === null) client.end(LIVE_CLOSE.signedOut, 'the session or token has ended: sign in again');
      else if (!client.caller.scopes.every((scope) => left.includes(scope))) {
        client.end(LIVE_CLOSE.rightsChanged, 'the rights have changed: connect again');
      }
    }
  }
}
