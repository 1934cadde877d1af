import { setImmediate } from 'node:timers/promises';

/**
 * Divides long work among the turns of the event loop: one piece in each, whichever request it belongs to. Between two pieces the service answers
 * whatever else has arrived, however many bodies are being read.
 */
export class LoopTurns {
  #last: Promise<void> = Promise.resolve();

  /** Resolves when the next piece may be worked on. */
  next(): Promise<void> {
    this.#last = this.#last.then(() => setImmediate());
    return this.#last;
  }
}
