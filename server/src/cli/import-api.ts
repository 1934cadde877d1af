import { setTimeout as sleep } from 'node:timers/promises';
import { formatInstant, pageOf } from '@wattkeeper/contract/common.ts';
import { MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import { ImportPlaces, type ImportPlacesRequest, ImportProgress } from '@wattkeeper/contract/import.ts';
import { Metric } from '@wattkeeper/contract/metric.ts';
import { IngestAnswer } from '@wattkeeper/contract/reading.ts';
import { z } from 'zod';
import type { Block } from '../domain/columns/batch.ts';
import { Conflict, Forbidden, InvalidInput, messageOf, Unauthorized, Unavailable } from '../domain/errors.ts';
import { MetricCatalogue } from '../domain/metric-catalogue.ts';
import type { ImportTarget } from '../features/importing/import-target.ts';
import type { SinkReceipt } from '../sources/import/import-file.ts';

/** One request holds no more than this; the service takes 32 MB and 50,000 readings unless told otherwise. */
const MAX_REQUEST_BYTES = 4 * 1024 * 1024;
const MAX_REQUEST_READINGS = 20_000;
const MAX_TRIES = 8;
const FIRST_WAIT_MS = 1000;
const MAX_WAIT_MS = MINUTE_MS;
const TIMEOUT_MS = 120_000;
/** The service is busy or starting: another try makes sense. */
const TRY_AGAIN = new Set([429, 502, 503, 504]);

/** The connection was there, so another try makes sense. */
const BROKE_OFF = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', 'TimeoutError']);

const MetricPage = pageOf(Metric);
const Problem = z.object({ detail: z.string() });

/**
 * A running service at `url` (with its prefix, no slash at the end). Requests that it is too busy for are sent again, as it asks.
 * @throws Unauthorized or Forbidden, saying how to make a token; Unavailable when it does not answer
 */
export async function openImportApi(url: string, token: string | undefined): Promise<ImportTarget> {
  const api = new ImportApi(`${url}/api/v1`, token);
  const catalogue = await api.catalogue();
  return {
    name: url,
    unitOf: (metric) => catalogue.describe(metric).unit,
    progress: (key) => api.progress(key),
    note: (key, progress) => api.note(key, progress),
    place: (request) => api.place(request),
    take: (blocks) => api.take(blocks),
  };
}

interface TimedReading {
  readonly timestamp: number;
  readonly json: string;
}

class ImportApi {
  readonly #base: string;
  readonly #token: string | undefined;

  constructor(base: string, token: string | undefined) {
    this.#base = base;
    this.#token = token;
  }

  /** What the service calls the metrics' units; without a token that may read, the first catalogue has to do. */
  async catalogue(): Promise<MetricCatalogue> {
    const catalogue = new MetricCatalogue();
    if (this.#token === undefined) return catalogue;
    for (let cursor: string | null = ''; cursor !== null; ) {
      const query: string = cursor === '' ? '' : `?cursor=${encodeURIComponent(cursor)}`;
      const response = await this.#send('GET', `/metrics-catalogue${query}`);
      if (response.status === 403) return catalogue;
      const page = MetricPage.parse(await this.#json(response));
      for (const metric of page.items) catalogue.register(metric);
      cursor = page.next_cursor;
    }
    return catalogue;
  }

  async progress(key: string): Promise<ImportProgress | undefined> {
    const response = await this.#send('GET', `/imports/${key}`);
    return response.status === 404 ? undefined : ImportProgress.parse(await this.#json(response));
  }

  async note(key: string, progress: ImportProgress): Promise<void> {
    await this.#json(await this.#send('PUT', `/imports/${key}`, JSON.stringify(progress)));
  }

  async place(request: ImportPlacesRequest): Promise<ImportPlaces | null> {
    if (request.dry_run && this.#token === undefined) return null;
    return ImportPlaces.parse(await this.#json(await this.#send('POST', '/imports/places', JSON.stringify(request))));
  }

  async take(blocks: readonly Block[]): Promise<SinkReceipt> {
    const sum = { accepted: 0, rejected: 0, quarantined: 0 };
    const refusals: { metric: string | null; timestamp: number; code: string; detail: string }[] = [];
    for (const readings of inRequests(readingsOf(blocks))) {
      const answer = await this.#post(readings);
      sum.accepted += answer.accepted;
      sum.rejected += answer.rejected;
      sum.quarantined += answer.quarantined;
      for (const { index, metric, code, detail } of answer.errors)
        refusals.push({ metric, code, detail, timestamp: readings[index]!.timestamp });
    }
    const [implausible, refused] = [true, false].map((kept) =>
      refusals.filter(({ code }) => (code === 'quarantined') === kept),
    ) as [typeof refusals, typeof refusals];
    return {
      ...sum,
      refusals: refused,
      implausible: implausible.map(({ detail, ...rest }) => ({ ...rest, reason: detail })),
    };
  }

  async #post(readings: readonly TimedReading[]): Promise<IngestAnswer> {
    const response = await this.#send('POST', '/readings', `[${readings.map(({ json }) => json).join(',')}]`);
    return IngestAnswer.parse(await this.#json(response));
  }

  async #send(method: string, path: string, body?: string): Promise<Response> {
    for (let attempt = 1; ; attempt++) {
      const answer = await this.#once(method, path, body);
      const wait = Math.min(FIRST_WAIT_MS * 2 ** (attempt - 1), MAX_WAIT_MS);
      if (answer instanceof Unavailable) {
        if (attempt === MAX_TRIES) throw answer;
        await sleep(wait);
      } else {
        if (!TRY_AGAIN.has(answer.status) || attempt === MAX_TRIES) return answer;
        await answer.body?.cancel();
        const asked = Number(answer.headers.get('retry-after')) * 1000;
        await sleep(asked > 0 ? Math.min(asked, MAX_WAIT_MS) : wait);
      }
    }
  }

  /** An answer; `Unavailable` when the connection broke, so that another try makes sense. */
  async #once(method: string, path: string, body: string | undefined): Promise<Response | Unavailable> {
    try {
      return await fetch(this.#base + path, {
        method,
        signal: AbortSignal.timeout(TIMEOUT_MS),
        headers: {
          ...(this.#token !== undefined && { authorization: `Bearer ${this.#token}` }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body }),
      });
    } catch (error) {
      const cause = (error as { cause?: NodeJS.ErrnoException }).cause;
      const gone = new Unavailable(
        `${this.#base} does not answer: ${cause?.message ?? messageOf(error)}; is the service running, and is --url its address?`,
        { cause: error },
      );
      if (BROKE_OFF.has(cause?.code ?? (error as Error).name)) return gone;
      throw gone;
    }
  }

  async #json(response: Response): Promise<unknown> {
    if (response.ok) return response.json();
    const text = await response.text();
    const detail = detailOf(text);
    const said = `${this.#base} answered ${response.status}: ${detail}`;
    if (response.status === 401) {
      const what = this.#token === undefined ? 'The running service needs a token' : `${said}. The token is not good`;
      throw new Unauthorized(`${what}: ${HOW_TO_MAKE_A_TOKEN}`);
    }
    if (response.status === 403)
      throw new Forbidden(`${said}. The token needs the scope write: ${HOW_TO_MAKE_A_TOKEN}`);
    if (response.status === 404) throw new Conflict(`${said}. Is this Wattkeeper, and as new as this command?`);
    if (response.status >= 500 || response.status === 429) throw new Unavailable(`${said}, ${MAX_TRIES} times`);
    throw new InvalidInput(said);
  }
}

const HOW_TO_MAKE_A_TOKEN =
  'make one with `npm start -- token create --name import --scope read,write`, also while the service runs, and give it as --token or in WATTKEEPER_TOKEN';

function detailOf(text: string): string {
  try {
    const problem = Problem.safeParse(JSON.parse(text));
    if (problem.success) return problem.data.detail;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  return text.slice(0, 200);
}

/** One reading for each device and instant. */
function readingsOf(blocks: readonly Block[]): TimedReading[] {
  const readings = new Map<string, { device_id: string; timestamp: number; values: Map<string, number> }>();
  for (const { group, quantities, devices, device, timestamps, columns } of blocks) {
    const metrics = quantities.map((quantity) => `${group}.${quantity}`);
    for (let row = 0; row < timestamps.length; row++) {
      const name = devices[device[row]!]!;
      const timestamp = timestamps[row]!;
      for (const [c, column] of columns.entries()) {
        const value = column[row]!;
        if (value !== value) continue;
        const key = `${timestamp} ${name}`;
        const reading = readings.get(key) ?? { device_id: name, timestamp, values: new Map() };
        readings.set(key, reading);
        reading.values.set(metrics[c]!, value);
      }
    }
  }
  return Array.from(readings.values(), (reading) => ({
    timestamp: reading.timestamp,
    json: JSON.stringify({
      ...reading,
      timestamp: formatInstant(reading.timestamp),
      values: Object.fromEntries(reading.values),
    }),
  }));
}

function* inRequests(readings: readonly TimedReading[]): Generator<readonly TimedReading[]> {
  let start = 0;
  let bytes = 0;
  for (const [i, { json }] of readings.entries()) {
    const length = Buffer.byteLength(json) + 1;
    if (i > start && (bytes + length > MAX_REQUEST_BYTES || i - start === MAX_REQUEST_READINGS)) {
      yield readings.slice(start, i);
      start = i;
      bytes = 0;
    }
    bytes += length;
  }
  if (start < readings.length) yield readings.slice(start);
}
