import { setImmediate } from 'node:timers/promises';

/**
 * Divides long work among the turns of the event loop: one piece per turn in total, for all requests. Between two pieces the service
 * answers other requests, even while many bodies are being read.
 */
export class EventLoopTurns {
  #last: Promise<void> = Promise.resolve();

  /** Resolves when the next piece may start. */
  next(): Promise<void> {
    this.#last = this.#last.then(() => setImmediate());
    return this.#last;
  }
}
