import { setTimeout as sleep } from 'node:timers/promises';
import { pageOf } from '@wattkeeper/contract/common.ts';
import { MINUTE_MS, SECOND_MS } from '@wattkeeper/contract/durations.ts';
import { Job } from '@wattkeeper/contract/job.ts';
import { z } from 'zod';
import {
  Conflict,
  ExpectedError,
  Forbidden,
  InvalidInput,
  messageOf,
  NotFound,
  Unauthorized,
  Unavailable,
} from '../domain/errors.ts';
import type { OnProgress } from '../domain/progress.ts';

const LOOK_EVERY_MS = 500;
const CANCEL_TIMEOUT_MS = 5_000;
const TIMEOUT_MS = 2 * MINUTE_MS;
const FIRST_WAIT_MS = SECOND_MS;
const MAX_WAIT_MS = MINUTE_MS;
/** The service is busy or starting: another try makes sense. */
const TRY_AGAIN = new Set([429, 502, 503, 504]);
/** The connection existed, so another try makes sense. */
const BROKEN = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', 'TimeoutError']);
const Problem = z.object({ detail: z.string() });

export interface RunningService {
  /** With its prefix, without a slash at the end. */
  readonly url: string;
  readonly token: string | undefined;
}

export interface ServiceApiOptions {
  readonly signal?: AbortSignal | undefined;
  /** How often a request is sent while the service is busy or the connection breaks; the requests must be repeatable. Default: once. */
  readonly maxTries?: number;
  /** Token that the message about a refused one describes. */
  readonly suggestedToken?: string;
}

/**
 * `/api/v1` of a running service.
 *
 * Every method throws Unauthorized or Forbidden without a token that may, Unavailable when the service does not answer or is busy, else NotFound,
 * Conflict or InvalidInput with what it says; the reason of the signal when that aborts.
 */
export class ServiceApi {
  readonly url: string;
  readonly #token: string | undefined;
  readonly #options: ServiceApiOptions;

  constructor({ url, token }: RunningService, options: ServiceApiOptions = {}) {
    this.url = url;
    this.#token = token;
    this.#options = options;
  }

  get hasToken(): boolean {
    return this.#token !== undefined;
  }

  /** The JSON that is answered; null for an empty answer. @param body a value, or a text that is JSON already */
  async call(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await this.#send(method, path, body, TIMEOUT_MS);
    return response.status === 204 ? null : response.json();
  }

  /** An answer of any length that is still to be read. */
  async stream(path: string): Promise<Response> {
    return this.#send('GET', path, undefined, null);
  }

  /** Every entry of a list. */
  async list<T extends z.ZodType>(path: string, item: T): Promise<z.infer<T>[]> {
    const items: z.infer<T>[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const query: string = cursor === '' ? '' : `?cursor=${encodeURIComponent(cursor)}`;
      const page = pageOf(item).parse(await this.call('GET', path + query));
      items.push(...page.items);
      cursor = page.next_cursor;
    }
    return items;
  }

  /** Asks for a job and waits for its end; cancels it when the signal aborts. Answers the job's result. */
  async job(path: string, body: unknown, onProgress: OnProgress): Promise<unknown> {
    let job = Job.parse(await this.call('POST', path, body));
    try {
      while (job.finished_at === null) {
        await sleep(LOOK_EVERY_MS, undefined, { signal: this.#options.signal });
        job = Job.parse(await this.call('GET', `/jobs/${job.id}`));
        onProgress(job.progress, job.message ?? undefined);
      }
    } catch (error) {
      if (this.#options.signal?.aborted) await this.#cancel(job.id);
      throw error;
    }
    if (job.state === 'succeeded') return job.result;
    throw new InvalidInput(`${job.name} ${job.state}: ${job.error ?? 'someone cancelled it'}`);
  }

  /** @throws Unavailable when the job may still run */
  async #cancel(id: string): Promise<void> {
    const response = await this.#request('DELETE', `/jobs/${id}`, undefined, AbortSignal.timeout(CANCEL_TIMEOUT_MS));
    // 409: it ended meanwhile.
    if (!response.ok && response.status !== 409)
      console.error(`the service at ${this.url} answered ${response.status}: job ${id} may still run`);
  }

  async #send(method: string, path: string, body: unknown, timeoutMs: number | null): Promise<Response> {
    const { signal, maxTries = 1 } = this.#options;
    for (let attempt = 1; ; attempt++) {
      const timeout = timeoutMs === null ? [] : [AbortSignal.timeout(timeoutMs)];
      const waitMs = Math.min(FIRST_WAIT_MS * 2 ** (attempt - 1), MAX_WAIT_MS);
      try {
        const response = await this.#request(
          method,
          path,
          body,
          AbortSignal.any([...timeout, ...(signal ? [signal] : [])]),
        );
        if (response.ok) return response;
        if (!TRY_AGAIN.has(response.status) || attempt >= maxTries) throw await this.#errorOf(response);
        await response.body?.cancel();
        const askedMs = Number(response.headers.get('retry-after')) * SECOND_MS;
        await sleep(askedMs > 0 ? Math.min(askedMs, MAX_WAIT_MS) : waitMs, undefined, { signal });
      } catch (error) {
        signal?.throwIfAborted();
        if (error instanceof ExpectedError) throw error;
        const cause = (error as { cause?: NodeJS.ErrnoException }).cause;
        if (!BROKEN.has(cause?.code ?? (error as Error).name) || attempt >= maxTries)
          throw new Unavailable(
            `the service at ${this.url} does not answer: ${cause?.message || messageOf(error)}; does it run, and is this its address?`,
            { cause: error },
          );
        await sleep(waitMs, undefined, { signal });
      }
    }
  }

  async #request(method: string, path: string, body: unknown, signal: AbortSignal): Promise<Response> {
    return fetch(`${this.url}/api/v1${path}`, {
      method,
      signal,
      headers: {
        ...(this.#token !== undefined && { authorization: `Bearer ${this.#token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
  }

  async #errorOf(response: Response): Promise<ExpectedError> {
    const { status } = response;
    const detail = Problem.safeParse(await response.json().catch(() => null)).data?.detail;
    const message = `the service at ${this.url} ${detail === undefined ? `answered ${status}` : `says: ${detail}`}`;
    const { suggestedToken = '--name cli --scope read,admin' } = this.#options;
    const hint = `run \`npm start -- token create ${suggestedToken}\` as the user and on the machine of the service, and give the token in WATTKEEPER_TOKEN`;
    switch (status) {
      case 401:
        return new Unauthorized(`${message}: ${hint}`);
      case 403:
        return new Forbidden(`${message}: ${hint}`);
      case 404:
        if (detail !== undefined) return new NotFound(message);
        return new Conflict(`${message}. Is this Wattkeeper, and as new as this command?`);
      case 409:
        return new Conflict(message);
      default:
        return status === 429 || status >= 500 ? new Unavailable(message) : new InvalidInput(message);
    }
  }
}
