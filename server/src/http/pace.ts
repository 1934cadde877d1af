import type { IncomingMessage } from 'node:http';

/** Maximum number of body bytes read in one turn of the event loop. */
const MAX_TURN_BYTES = 1024 * 1024;

/**
 * Prevents large bodies from occupying a turn of the event loop: otherwise up to 2 MB are read from each connection before anything else runs.
 */
export class Pace {
  readonly #waiting = new Set<IncomingMessage>();
  #taken = 0;

  /** Counts received bytes; beyond the limit pauses their source until the next turn. */
  count(source: IncomingMessage, bytes: number): void {
    if (this.#taken === 0) setImmediate(() => this.#begin());
    this.#taken += bytes;
    if (this.#taken < MAX_TURN_BYTES) return;
    source.pause();
    this.#waiting.add(source);
  }

  #begin(): void {
    this.#taken = 0;
    for (const source of this.#waiting) source.resume();
    this.#waiting.clear();
  }
}
