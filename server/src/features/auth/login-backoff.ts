import { HOUR_MS, MINUTE_MS } from '@wattkeeper/contract/durations.ts';

/** Number of failures before the first wait. */
const FREE_FAILURES = 5;
const FIRST_WAIT_MS = 1_000;
const MAX_WAIT_MS = 15 * MINUTE_MS;
/** The count is reset after this time without a failure. */
const FORGET_AFTER_MS = HOUR_MS;
/** Maximum number of stored keys; beyond it the oldest are removed. */
const MAX_KEYS = 10_000;

interface Failures {
  readonly count: number;
  readonly lastAt: number;
}

/**
 * Slows down guessing: after five failures, each further one doubles the wait, from 1 s to 15 min. A key contains the user and the
 * address, so that an attacker at another address cannot lock a user out.
 */
export class LoginBackoff {
  readonly #failures = new Map<string, Failures>();

  /**
   * Counts an attempt as failed before it is checked, because otherwise concurrent attempts would not be limited. `succeeded` resets the count.
   *
   * @returns the required wait in milliseconds; 0 if the attempt is allowed
   */
  attempt(key: string, now: number): number {
    const known = this.#failures.get(key);
    const failures = known === undefined || now - known.lastAt > FORGET_AFTER_MS ? { count: 0, lastAt: now } : known;
    const waitMs = failures.lastAt + waitAfter(failures.count) - now;
    if (waitMs > 0) return waitMs;
    this.#failures.delete(key);
    this.#failures.set(key, { count: failures.count + 1, lastAt: now });
    if (this.#failures.size > MAX_KEYS) this.#forgetOldest();
    return 0;
  }

  succeeded(key: string): void {
    this.#failures.delete(key);
  }

  #forgetOldest(): void {
    for (const key of this.#failures.keys()) {
      this.#failures.delete(key);
      return;
    }
  }
}

function waitAfter(failures: number): number {
  if (failures < FREE_FAILURES) return 0;
  return Math.min(FIRST_WAIT_MS * 2 ** (failures - FREE_FAILURES), MAX_WAIT_MS);
}
