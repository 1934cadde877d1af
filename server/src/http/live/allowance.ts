import { SECOND_MS } from '@wattkeeper/contract/durations.ts';

/** Limits on a client's messages; each KB counts as another message. */
export const MAX_MESSAGES_PER_S = 20;
/** Maximum burst after a pause; a client that reconnects subscribes to all its topics at once. */
export const MAX_MESSAGES_AT_ONCE = 300;

/** Counts the messages of a client. */
export class Allowance {
  #left = MAX_MESSAGES_AT_ONCE;
  #countedAt: number;

  /** @param nowMs from a monotonic clock */
  constructor(nowMs: number) {
    this.#countedAt = nowMs;
  }

  /** Returns whether a message of this size is within the limits. */
  take(bytes: number, nowMs: number): boolean {
    const refill = ((nowMs - this.#countedAt) / SECOND_MS) * MAX_MESSAGES_PER_S;
    this.#left = Math.min(this.#left + refill, MAX_MESSAGES_AT_ONCE) - 1 - bytes / 1024;
    this.#countedAt = nowMs;
    return this.#left >= 0;
  }
}
