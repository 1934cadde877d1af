import { SECOND_MS } from '@wattkeeper/contract/durations.ts';

/** What a client may send, a KB counting as another message. */
export const MAX_MESSAGES_PER_S = 20;
/** At once, after a while of silence; a client that reconnects asks for all its topics. */
export const MAX_MESSAGES_AT_ONCE = 300;

/** Counts what a client sends. */
export class Allowance {
  #left = MAX_MESSAGES_AT_ONCE;
  #countedAt: number;

  /** @param nowMs from a clock that never goes back */
  constructor(nowMs: number) {
    this.#countedAt = nowMs;
  }

  /** Answers whether a message of this size was still allowed. */
  take(bytes: number, nowMs: number): boolean {
    const refill = ((nowMs - this.#countedAt) / SECOND_MS) * MAX_MESSAGES_PER_S;
    this.#left = Math.min(this.#left + refill, MAX_MESSAGES_AT_ONCE) - 1 - bytes / 1024;
    this.#countedAt = nowMs;
    return this.#left >= 0;
  }
}
