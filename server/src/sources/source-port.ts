import type { Block } from '../domain/columns/batch.ts';

/** Where a source hands its readings; blocks name devices as the source knows them. Rejects with `Unavailable` when they cannot be kept now. */
export type SourceSink = (
  blocks: readonly Block[],
) => Promise<{ readonly accepted: number; readonly rejected: number }>;

/** Something that brings readings by itself, such as an inverter that is polled. */
export interface Source {
  /** Name in the configuration, unique. */
  readonly name: string;
  /** Kind of source: `simulator`. */
  readonly type: string;
  /** Runs until `signal` fires; recovers by itself from whatever the outside world does. */
  start(sink: SourceSink, signal: AbortSignal): Promise<void>;
  health(): SourceState;
}

export interface SourceState {
  readonly status: 'running' | 'waiting' | 'failed' | 'idle';
  /** Instant of the newest reading, epoch milliseconds, or null. */
  readonly lastReadingAt: number | null;
  /** Values taken and refused since start. */
  readonly values: number;
  readonly rejected: number;
  readonly lastError: string | null;
}

/** Keeps a source's state as readings go by. */
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
