import type { Block } from '../domain/columns/batch.ts';

/**
 * Receives the readings of a source; blocks use the source's device names. Rejects with `Unavailable` if the readings cannot be stored
 * now.
 */
export type SourceSink = (
  blocks: readonly Block[],
) => Promise<{ readonly accepted: number; readonly rejected: number }>;

/** A component that delivers readings on its own schedule, such as a poller of an inverter. */
export interface Source {
  /** Unique name in the configuration. */
  readonly name: string;
  /** Kind of source: `simulator`. */
  readonly type: string;
  /** Runs until `signal` fires; recovers automatically from any external failure. */
  start(sink: SourceSink, signal: AbortSignal): Promise<void>;
  health(): SourceState;
}

export interface SourceState {
  readonly status: 'running' | 'waiting' | 'failed' | 'idle';
  /** Instant of the newest reading, epoch milliseconds, or null. */
  readonly lastReadingAt: number | null;
  /** Values accepted and rejected since start. */
  readonly values: number;
  readonly rejected: number;
  readonly lastError: string | null;
}

/** Stores a source's state as readings are accepted. */
export class SourceMeter {
  #status: SourceState['status'] = 'idle';
  #lastReadingAt: number | null = null;
  #values = 0;
  #rejected = 0;
  #lastError: string | null = null;

  running(): void {
    this.#status = 'running';
  }

  took(readAt: number, receipt: { readonly accepted: number; readonly rejected: number }): void {
    this.#status = 'running';
    this.#lastError = null;
    this.#lastReadingAt = Math.max(this.#lastReadingAt ?? readAt, readAt);
    this.#values += receipt.accepted;
    this.#rejected += receipt.rejected;
  }

  failed(status: 'waiting' | 'failed', message: string): void {
    this.#status = status;
    this.#lastError = message;
  }

  stopped(): void {
    this.#status = 'idle';
  }

  state(): SourceState {
    return {
      status: this.#status,
      lastReadingAt: this.#lastReadingAt,
      values: this.#values,
      rejected: this.#rejected,
      lastError: this.#lastError,
    };
  }
}
