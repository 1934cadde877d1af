import { availableParallelism, platform } from 'node:os';
import { MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import { Piscina } from 'piscina';
import { Unavailable } from '../domain/errors.ts';
import { fromWire } from '../domain/wire-error.ts';
import type { InputOf, ModelAnswer, ModelCall, ModelList, ResultOf } from './model-calls.ts';
import type { Models } from './models.ts';

export interface RunOptions {
  /** Ends the run immediately, even during a calculation; it rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Maximum time of a run, including its wait for a thread. Default: ten minutes. */
  readonly timeoutMs?: number;
  /** Columns of the input to transfer instead of copying: the caller cannot use them afterwards. */
  readonly transfer?: readonly Float64Array[];
}

export interface ModelPoolOptions {
  /** A module that exports `run`, created by `serveModels`. */
  readonly worker?: URL;
  readonly threads?: number;
  /** Maximum number of runs that wait for a thread. */
  readonly maxWaiting?: number;
}

const TIMEOUT_MS = 10 * MINUTE_MS;
const MAX_WAITING = 100;
/** An idle thread ends after this time and releases its memory. */
const IDLE_MS = 30_000;
const RETRY_AFTER_S = 10;
/** Models have a lower priority than requests and the store's thread. On other systems than Linux this would slow down the whole process. */
const NICE = platform() === 'linux' ? 10 : 0;

/** Runs models on other threads than the service's own, so that none delays a request; with several cores, one is left to that thread. */
export class ModelPool<L extends ModelList = Models> {
  readonly #pool: Piscina<ModelCall, ModelAnswer>;
  readonly #maxWaiting: number;
  readonly #closing = new AbortController();

  constructor({
    worker = new URL('./model.worker.ts', import.meta.url),
    threads = Math.max(1, availableParallelism() - 1),
    maxWaiting = MAX_WAITING,
  }: ModelPoolOptions = {}) {
    this.#maxWaiting = maxWaiting;
    this.#pool = new Piscina({
      filename: worker.href,
      name: 'run',
      minThreads: 0,
      maxThreads: threads,
      idleTimeout: IDLE_MS,
      niceIncrement: NICE,
    });
    this.#pool.on('error', () => {
      // Errors of runs reject the runs; this receives errors without a run, such as the late answer of a cancelled one.
    });
  }

  /**
   * Runs a model and returns its result. Expected errors keep their class.
   * @throws Unavailable if too many runs wait, this one takes too long, or the pool closes; the reason of the signal
   */
  async run<N extends keyof L & string>(
    name: N,
    input: InputOf<L, N>,
    { signal, timeoutMs = TIMEOUT_MS, transfer = [] }: RunOptions = {},
  ): Promise<ResultOf<L, N>> {
    if (this.#pool.queueSize >= this.#maxWaiting) {
      const message = `${name} cannot run at present: ${this.#maxWaiting} models wait for a thread already; try again later`;
      throw new Unavailable(message, { retryAfterS: RETRY_AFTER_S });
    }
    const late = AbortSignal.timeout(timeoutMs);
    const stop = AbortSignal.any([this.#closing.signal, late, ...(signal ? [signal] : [])]);
    const transferList = [...new Set(transfer.map((column) => column.buffer as ArrayBuffer))];
    const answer = await this.#pool.run({ name, input }, { signal: stop, transferList }).catch((error: unknown) => {
      this.#wake();
      if (late.aborted && stop.reason === late.reason) throw tookTooLong(name, timeoutMs);
      throw stop.aborted ? stop.reason : error;
    });
    if ('error' in answer) throw fromWire(answer.error);
    return answer.value as ResultOf<L, N>;
  }

  /** The pool replaces an ended thread only at its next call; without one, the waiting runs would never start. */
  #wake(): void {
    if (this.#pool.queueSize === 0 || this.#closing.signal.aborted) return;
    this.#pool.run({ name: '', input: null }, { signal: this.#closing.signal }).catch(() => {
      // Whatever its outcome, it has started a thread, or the pool is closing.
    });
  }

  /** Ends every run and every thread. */
  async close(): Promise<void> {
    this.#closing.abort(new Unavailable('the service is stopping', { retryAfterS: RETRY_AFTER_S }));
    await this.#pool.destroy();
  }
}

function tookTooLong(name: string, timeoutMs: number): Unavailable {
  return new Unavailable(`${name} took longer than ${timeoutMs / 1000} s and was ended: ask for a shorter window`);
}
