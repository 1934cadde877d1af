import { formatInstant } from '@wattkeeper/contract/common.ts';
import type { FeatureChange } from '@wattkeeper/contract/service.ts';

/** State of the change from memory to a data folder. It outlives the application that starts the change. */
export class PersistenceChange {
  readonly #now: () => number;
  #state: FeatureChange | null = null;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Null until a user switches persistence on in a service without a data folder. */
  get state(): FeatureChange | null {
    return this.#state;
  }

  get isRunning(): boolean {
    return this.#state?.state === 'running';
  }

  begin(): void {
    const started_at = formatInstant(this.#now());
    this.#state = { state: 'running', step: 'readings', progress: 0, started_at, finished_at: null, error: null };
  }

  /** @param progress completed share, 0 to 1 */
  reached(step: FeatureChange['step'], progress: number): void {
    if (this.#state) this.#state = { ...this.#state, step, progress };
  }

  succeeded(): void {
    if (this.#state)
      this.#state = { ...this.#state, state: 'succeeded', progress: 1, finished_at: formatInstant(this.#now()) };
  }

  failed(error: string): void {
    if (this.#state) this.#state = { ...this.#state, state: 'failed', error, finished_at: formatInstant(this.#now()) };
  }
}
