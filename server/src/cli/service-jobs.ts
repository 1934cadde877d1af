import { setTimeout as sleep } from 'node:timers/promises';
import { Job } from '@wattkeeper/contract/job.ts';
import { z } from 'zod';
import { Conflict, Forbidden, InvalidInput, messageOf, NotFound, Unauthorized, Unavailable } from '../domain/errors.ts';

const LOOK_EVERY_MS = 500;
const Problem = z.object({ detail: z.string(), code: z.string().optional() });

export interface RunningService {
  /** With its prefix, without a slash at the end. */
  readonly url: string;
  readonly token: string | undefined;
}

/**
 * Asks a running service for a job and waits for its end. Answers the job's result.
 * @throws Unauthorized or Forbidden without a token that may, Unavailable when the service does not answer or is busy, else NotFound, Conflict or
 * InvalidInput with what it says
 */
export async function runServiceJob(
  service: RunningService,
  path: string,
  body: unknown,
  onProgress: (share: number | null, message: string | null) => void,
): Promise<unknown> {
  let job = Job.parse(await callService(service, 'POST', path, body));
  while (job.finished_at === null) {
    await sleep(LOOK_EVERY_MS);
    job = Job.parse(await callService(service, 'GET', `/jobs/${job.id}`));
    onProgress(job.progress, job.message);
  }
  if (job.state === 'succeeded') return job.result;
  throw new InvalidInput(`${job.name} ${job.state}: ${job.error ?? 'someone cancelled it'}`);
}

/**
 * Calls `/api/v1` of a running service and answers what it says.
 * @throws as `runServiceJob`
 */
export async function callService(
  service: RunningService,
  method: string,
  path: string,
  body?: unknown,
): Promise<unknown> {
  return (await callServiceRaw(service, method, path, body)).json();
}

/** The same, with an answer that is still to be read. */
export async function callServiceRaw(
  { url, token }: RunningService,
  method: string,
  path: string,
  body?: unknown,
): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  } catch (error) {
    throw new Unavailable(`the service at ${url} does not answer: ${messageOf(error)}`, { cause: error });
  }
  if (response.ok) return response;
  const json: unknown = await response.json().catch(() => null);
  const detail = Problem.safeParse(json).data?.detail ?? `it answered ${response.status}`;
  throw errorOf(response.status, detail, url);
}

function errorOf(status: number, detail: string, url: string): Error {
  const said = `the service at ${url} says: ${detail}`;
  switch (status) {
    case 401:
      return new Unauthorized(`${said}: ${HOW_TO_MAKE_A_TOKEN}`);
    case 403:
      return new Forbidden(`${said}: ${HOW_TO_MAKE_A_TOKEN}`);
    case 404:
      return new NotFound(said);
    case 409:
      return new Conflict(said);
    default:
      return status === 429 || status >= 500 ? new Unavailable(said) : new InvalidInput(said);
  }
}

const HOW_TO_MAKE_A_TOKEN =
  'run `npm start -- token create --name cli --scope read,admin` as the user and on the machine of the service, and give the token in WATTKEEPER_TOKEN';
