import { parentPort, Worker } from 'node:worker_threads';
import { ownValue } from '@wattkeeper/contract/own-value.ts';
import { messageOf, Unavailable } from './errors.ts';
import { type ErrorClasses, fromWire, toWire, type WireError } from './wire-error.ts';

/** Result of a method on a worker: a value, and memory in it that is transferred instead of copied. */
export interface Answer<T> {
  readonly value: T;
  readonly transfer?: readonly ArrayBuffer[];
}

/** Methods of a worker; each receives a signal for its call. */
// biome-ignore lint/suspicious/noExplicitAny: the arguments are typed where the methods are
export type WorkerMethods = Record<string, (signal: AbortSignal, ...args: any[]) => Promise<Answer<unknown>>>;

type ArgumentsOf<M> = M extends (signal: AbortSignal, ...args: infer A) => unknown ? A : never;
type ValueOf<M> = M extends (...args: never[]) => Promise<Answer<infer T>> ? T : never;

type Request = { id: number; method: string; args: unknown[] } | { abort: number };
type Reply = { id: number; value: unknown } | { id: number; error: WireError };

interface Pending {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

/** Calls methods on a worker thread. When the thread dies, every call rejects with `Unavailable`. */
export class WorkerCalls<M extends WorkerMethods> {
  readonly #worker: Worker;
  readonly #what: string;
  readonly #errors: ErrorClasses;
  readonly #pending = new Map<number, Pending>();
  #nextId = 0;
  #gone: Unavailable | null = null;

  /**
   * @param what name of the worker for messages: `the DuckDB store /data/telemetry.duckdb`
   * @param errors classes of errors that the worker throws besides those of `errors.ts`
   * @param describe the message of a thread that has ended, from the reason
   */
  constructor(
    file: URL,
    what: string,
    errors: ErrorClasses = {},
    describe = (reason: string) => `${what} ${reason}; open it again`,
  ) {
    this.#what = what;
    this.#errors = errors;
    this.#worker = new Worker(file);
    this.#worker.on('message', (reply: Reply) => this.#settle(reply));
    this.#worker.on('error', (cause) =>
      this.#fail(new Unavailable(describe(`failed: ${messageOf(cause)}`), { cause })),
    );
    this.#worker.on('exit', (code) => this.#fail(new Unavailable(describe(`stopped with code ${code}`))));
  }

  /** Whether the thread is gone, so that every call rejects. */
  get hasEnded(): boolean {
    return this.#gone !== null;
  }

  call<K extends keyof M & string>(
    method: K,
    args: ArgumentsOf<M[K]>,
    options: { transfer?: readonly ArrayBuffer[]; signal?: AbortSignal } = {},
  ): Promise<ValueOf<M[K]>> {
    const { transfer = [], signal } = options;
    if (this.#gone !== null) return Promise.reject(this.#gone);
    if (signal?.aborted) return Promise.reject(signal.reason);
    const id = this.#nextId++;
    const answer = new Promise<ValueOf<M[K]>>((resolve, reject) => this.#pending.set(id, { resolve, reject }));
    this.#post({ id, method, args }, transfer);
    if (signal === undefined) return answer;
    const abort = () => this.#post({ abort: id }, []);
    signal.addEventListener('abort', abort);
    return answer.finally(() => signal.removeEventListener('abort', abort));
  }

  /** Ends the thread at once; pending and later calls reject. */
  async terminate(): Promise<void> {
    this.#fail(new Unavailable(`${this.#what} is closed: open it again`));
    await this.#worker.terminate();
  }

  #post(request: Request, transfer: readonly ArrayBuffer[]): void {
    this.#worker.postMessage(request, transfer);
  }

  #settle(reply: Reply): void {
    const pending = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if ('error' in reply) pending?.reject(fromWire(reply.error, this.#errors));
    else pending?.resolve(reply.value as never);
  }

  #fail(error: Unavailable): void {
    this.#gone ??= error;
    for (const { reject } of this.#pending.values()) reject(this.#gone);
    this.#pending.clear();
  }
}

/**
 * Serves calls on this worker thread; they may overlap.
 * @param explain converts errors of an engine to expected errors
 */
export function serveCalls(methods: WorkerMethods, explain: (error: unknown) => unknown): void {
  const port = parentPort;
  if (port === null) throw new Error('runs only as a worker thread');
  const running = new Map<number, AbortController>();
  port.on('message', async (request: Request) => {
    if ('abort' in request) {
      running.get(request.abort)?.abort();
      return;
    }
    const controller = new AbortController();
    running.set(request.id, controller);
    try {
      const method = ownValue(methods, request.method) as WorkerMethods[string];
      const { value, transfer } = await method(controller.signal, ...request.args);
      port.postMessage({ id: request.id, value } satisfies Reply, transfer ?? []);
    } catch (error) {
      port.postMessage({ id: request.id, error: toWire(explain(error)) } satisfies Reply);
    } finally {
      running.delete(request.id);
    }
  });
}
