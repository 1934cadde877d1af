import { statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const PRELOAD = fileURLToPath(new URL('./kill-steps.ts', import.meta.url));

/** The steps of a process that was started with `args` and `environment`, see `kill-steps.ts`. */
export class KillPlan {
  readonly #path: string;
  /** Node arguments before the program. */
  readonly args: readonly string[] = ['--import', PRELOAD];

  /** @param path of a file that this object creates */
  constructor(path: string) {
    this.#path = path;
    writeFileSync(path, '');
    this.killAt(null);
  }

  get environment(): { KILL_STEPS: string } {
    return { KILL_STEPS: this.#path };
  }

  /** Number of steps so far. */
  get steps(): number {
    return statSync(this.#path).size;
  }

  /** Kills the process before this step, counted from 1; null: no kill. */
  killAt(step: number | null): void {
    writeFileSync(`${this.#path}.at`, new Uint8Array(Float64Array.of(step ?? 0).buffer));
  }
}
