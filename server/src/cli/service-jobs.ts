import { setTimeout as sleep } from 'node:timers/promises';
import { Job } from '@wattkeeper/contract/job.ts';
import { z } from 'zod';
import { Forbidden, InvalidInput, messageOf, Unauthorized, Unavailable } from '../domain/errors.ts';

const LOOK_EVERY_MS = 500;
const Problem = z.object({ detail: z.string() });

export interface RunningService {
  /** With its prefix, without a slash at the end. */
  readonly url: string;
  readonly token: string | undefined;
}

/**
 * Asks a running service for a job and waits for its end. Answers the job's result.
 * @throws Unauthorized without a token that may, Unavailable when the service does not answer, InvalidInput with what it says otherwise
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
  if (response.status === 401 || response.status === 403) {
    const how =
      'make a token with `npm start -- token create --name cli --scope read,admin` and give it in WATTKEEPER_TOKEN';
    throw response.status === 401 ? new Unauthorized(`${detail}: ${how}`) : new Forbidden(`${detail}: ${how}`);
  }
  throw new InvalidInput(`the service at ${url} says: ${detail}`);
}
