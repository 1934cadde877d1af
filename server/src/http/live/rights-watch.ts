import type { Scope } from '@wattkeeper/contract/access/auth.ts';
import { LIVE_CLOSE } from '@wattkeeper/contract/live.ts';
import { SerialQueue } from '../../domain/serial-queue.ts';
import type { Caller } from '../api.ts';
import type { LiveClient } from './live-client.ts';

/** What callers may do at present. */
export interface LiveRights {
  /** For each caller the scopes in force, or null when the session or token has ended. */
  scopesInForce(callers: readonly Caller[]): Promise<readonly (readonly Scope[] | null)[]>;
  /** Calls back when the rights of some may have changed, until the answer is called. */
  onRightsChanged(listener: () => void): () => void;
}

/** Another process, such as the command line, may take rights away, and sessions and tokens expire. */
export const RIGHTS_CHECK_EVERY_MS = 1_500;
/** While rights cannot be read, streams go on for this many checks. */
const MAX_CHECKS_MISSED = 2;

/** Ends streams whose callers have lost rights: at once when this process takes them, and otherwise with the next check. */
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

  /** Looks up the rights of all callers, after a look-up that is under way; calls before it begins share one. */
  check(): void {
    if (this.#isDue || this.#clients.size === 0) return;
    this.#isDue = true;
    // A failure is noticed by the timer.
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
