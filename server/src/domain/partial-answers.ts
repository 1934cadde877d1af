import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * Notes on partial answers. A caller whose answer has a field for notes collects them; all others get complete answers or an error, so that
 * a part of the history is never mistaken for the whole.
 */
export class PartialAnswers {
  readonly #collected = new AsyncLocalStorage<Set<string>>();

  /** Runs work that may answer partially; `notes` then returns what its reader must know. */
  collect<T>(work: () => T): T {
    return this.#collected.run(new Set(), work);
  }

  /** Whether the current answer may be partial. */
  get allowed(): boolean {
    return this.#collected.getStore() !== undefined;
  }

  note(text: string): void {
    this.#collected.getStore()?.add(text);
  }

  /** The notes on the current answer, without duplicates. */
  notes(): readonly string[] {
    return [...(this.#collected.getStore() ?? [])];
  }
}
