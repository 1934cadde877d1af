import type { JobRunPatch } from '../domain/job-run.ts';

/** Minimum time between two writes of progress to the records. */
const PROGRESS_EVERY_MS = 500;

/** Writes the newest progress, one write at a time and at limited frequency. */
export class Progress {
  readonly #write: (patch: JobRunPatch) => Promise<void>;
  #newest: JobRunPatch | null = null;
  #writing: Promise<void> | null = null;
  #ended = false;
  #wake = () => {};

  constructor(write: (patch: JobRunPatch) => Promise<void>) {
    this.#write = write;
  }

  tell(share: number | null, message?: string): void {
    if (this.#ended) return;
    this.#newest = {
      progress: share === null ? null : Math.min(Math.max(share, 0), 1),
      message: message ?? this.#newest?.message,
    };
    this.#writing ??= this.#flush();
  }

  /** Nothing is written after this. */
  async settle(): Promise<void> {
    this.#ended = true;
    this.#wake();
    await this.#writing;
  }

  async #flush(): Promise<void> {
    while (this.#newest !== null) {
      const patch = this.#newest;
      this.#newest = null;
      await this.#write(patch);
      if (!this.#ended) await this.#pause();
    }
    this.#writing = null;
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, PROGRESS_EVERY_MS);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
