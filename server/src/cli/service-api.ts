import { setTimeout as sleep } from 'node:timers/promises';
import { ApiClient } from '@wattkeeper/contract/client.ts';
import { MINUTE_MS, SECOND_MS } from '@wattkeeper/contract/durations.ts';
import { cancelJob, getJob } from '@wattkeeper/contract/endpoints/jobs.ts';
import type { Job } from '@wattkeeper/contract/job.ts';
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
/** Status codes of a service that is busy or starting: a retry may succeed. */
const TRY_AGAIN = new Set([429, 502, 503, 504]);
/** Error codes of a connection that was established and then lost: a retry may succeed. */
const BROKEN = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', 'TimeoutError']);
const Problem = z.object({ detail: z.string() });

export interface RunningService {
  /** Including the prefix, without a trailing slash. */
  readonly url: string;
  readonly token: string | undefined;
}

export interface ServiceApiOptions {
  readonly signal?: AbortSignal | undefined;
  /** Maximum attempts per request if the service is busy or the connection is lost. More than 1 requires idempotent requests. Default: 1. */
  readonly maxTries?: number;
  /** Description of a suitable token, for the message about a rejected one. */
  readonly suggestedToken?: string;
}

/**
 * Client of a running service, which may have a different version.
 *
 * Every method throws Unauthorized or Forbidden if the token lacks permission; Unavailable if the service does not respond or is busy; otherwise
 * NotFound, Conflict or InvalidInput with the detail of the response. If the signal aborts, it throws the signal's reason.
 */
export class ServiceApi extends ApiClient {
  readonly hasToken: boolean;
  readonly #options: ServiceApiOptions;

  constructor({ url, token }: RunningService, options: ServiceApiOptions = {}) {
    super(url, {
      fetch: (address, init) => this.#send(address, init),
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      checksAnswers: true,
      maxPages: Number.POSITIVE_INFINITY,
    });
    this.hasToken = token !== undefined;
    this.#options = options;
  }

  /** Waits until a job has finished and returns its result. Cancels the job if the signal aborts. */
  async resultOf(started: Job, onProgress: OnProgress): Promise<unknown> {
    const { signal } = this.#options;
    let job = started;
    try {
      while (job.finished_at === null) {
        await sleep(LOOK_EVERY_MS, undefined, { signal });
        job = await this.call(getJob, { params: { id: job.id } });
        onProgress(job.progress, job.message ?? undefined);
      }
    } catch (error) {
      if (signal?.aborted) await this.#cancel(job.id);
      throw error;
    }
    if (job.state === 'succeeded') return job.result;
    throw new InvalidInput(`${job.name} ${job.state}: ${job.error ?? 'someone cancelled it'}`);
  }

  /** Prints a message if the job may still be running. */
  async #cancel(id: string): Promise<void> {
    try {
      await this.call(cancelJob, { params: { id }, signal: AbortSignal.timeout(CANCEL_TIMEOUT_MS) });
    } catch (error) {
      const hasEnded = error instanceof Conflict;
      if (!hasEnded) console.error(`job ${id} may still run: ${messageOf(error)}`);
    }
  }

  /** Sends a request, with retries while the service is busy. The request's signal aborts it; without one, the command's signal or 2 min. */
  async #send(url: string, init: RequestInit): Promise<Response> {
    const { maxTries = 1 } = this.#options;
    const signal = init.signal ?? this.#options.signal;
    for (let attempt = 1; ; attempt++) {
      const limit = init.signal ? [] : [AbortSignal.timeout(TIMEOUT_MS)];
      const waitMs = Math.min(FIRST_WAIT_MS * 2 ** (attempt - 1), MAX_WAIT_MS);
      try {
        const response = await fetch(url, { ...init, signal: AbortSignal.any(signal ? [...limit, signal] : limit) });
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
            `the service at ${this.serviceUrl} does not answer: ${cause?.message || messageOf(error)}; does it run, and is this its address?`,
            { cause: error },
          );
        await sleep(waitMs, undefined, { signal });
      }
    }
  }

  async #errorOf(response: Response): Promise<ExpectedError> {
    const { status } = response;
    const detail = Problem.safeParse(await response.json().catch(() => null)).data?.detail;
    const message = `the service at ${this.serviceUrl} ${detail === undefined ? `answered ${status}` : `says: ${detail}`}`;
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
