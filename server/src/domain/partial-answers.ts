import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * What has to be said of the answers that are made at present. Whoever makes an answer that has a place for it collects the notes; all others
 * get complete answers or an error, so that a part of the history is never taken for all of it.
 */
export class PartialAnswers {
  readonly #collected = new AsyncLocalStorage<Set<string>>();

  /** Makes an answer of what can be read; `notes` then has what its reader must know. */
  collect<T>(work: () => T): T {
    return this.#collected.run(new Set(), work);
  }

  /** Whether the answer that is being made may be partial. */
  get allowed(): boolean {
    return this.#collected.getStore() !== undefined;
  }

  note(text: string): void {
    this.#collected.getStore()?.add(text);
  }

  /** The notes on the answer that is being made, each once. */
  notes(): readonly string[] {
    return [...(this.#collected.getStore() ?? [])];
  }
}
