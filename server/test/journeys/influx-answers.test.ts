import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from '../needs.ts';
import { type Influx, startInflux, startInflux2 } from './influx.ts';
import { type Service, startService, TOKEN, temporaryFolder } from './service.ts';

/** The parts that clients check: the status, the shape of the body, and the headers that identify the server. */
interface Answer {
  readonly status: number;
  readonly error: string | null;
  readonly json: unknown;
  readonly version: boolean;
  readonly errorHeader: boolean;
}

const GZIP = { 'content-encoding': 'gzip' };
const GOOD = 'm,host=a v=1 1000000000';
const CREATE = 'CREATE DATABASE "telegraf"';
const post = (
  body: string | Uint8Array<ArrayBuffer> | URLSearchParams,
  headers: Record<string, string> = {},
): RequestInit => ({
  method: 'POST',
  body,
  headers,
});

/** Requests that a real InfluxDB and we answer alike; both errors contain `words`. */
const ALIKE: readonly [what: string, path: string, init: RequestInit, status: number, words?: RegExp][] = [
  ['a good line', '/write?db=bench', post(GOOD), 204],
  ['a good line, packed', '/write?db=bench', post(new Uint8Array(gzipSync(GOOD)), GZIP), 204],
  ['an empty body', '/write?db=bench', post(''), 204],
  ['empty lines', '/write?db=bench', post('\n\n'), 204],
  ['a comment', '/write?db=bench', post('# nothing'), 204],
  ['a text alone', '/write?db=bench', post('m,host=a s="x" 1'), 204],
  ['a bad field', '/write?db=bench', post('m,host=a v=abc 1'), 400, /^unable to parse 'm,host=a v=abc 1': invalid/],
  ['a missing field', '/write?db=bench', post('m,host=a'), 400, /^unable to parse 'm,host=a': missing fields$/],
  ['a missing value', '/write?db=bench', post('m v= 1'), 400, /^unable to parse 'm v= 1': missing field value$/],
  ['a missing tag value', '/write?db=bench', post('m,host= v=1'), 400, /': missing tag value$/],
  ['a missing measurement', '/write?db=bench', post(',host=a v=1'), 400, /': missing measurement$/],
  ['a tag named twice', '/write?db=bench', post('m,host=a,host=b v=1'), 400, /': duplicate tags$/],
  ['an open quote', '/write?db=bench', post('m s="x 1'), 400, /': unbalanced quotes$/],
  ['a bad timestamp', '/write?db=bench', post('m v=1 yesterday'), 400, /^unable to parse .*: bad timestamp$/],
  ['a timestamp beyond 64 bits', '/write?db=bench', post('m v=1 92233720368547758070'), 400, /^unable to parse 'm v=1/],
  [
    'one bad line of three',
    '/write?db=bench',
    post(`${GOOD}\nbad\nm,host=a v=2 2`),
    400,
    /^partial write: unable to parse 'bad': missing fields dropped=0$/,
  ],
  [
    'two bad lines of four',
    '/write?db=bench',
    post(`${GOOD}\nbad\nm,host=a v=2 2\nm v= 3`),
    400,
    /^partial write: unable to parse 'bad': missing fields\nunable to parse 'm v= 3': missing field value dropped=0$/,
  ],
  ['a body that is not packed', '/write?db=bench', post(GOOD, GZIP), 400, /gzip/],
  ['a packed body that breaks off', '/write?db=bench', post(new Uint8Array(gzipSync(GOOD).subarray(0, 20)), GZIP), 400],
  ['a ping', '/ping', {}, 204],
  ['a ping without a body', '/ping', { method: 'HEAD' }, 204],
  ['a database to make', `/query?q=${encodeURIComponent(CREATE)}`, { method: 'POST' }, 200],
  ['a database to make, as a form', '/query', post(new URLSearchParams({ q: CREATE })), 200],
  ['no statement', '/query', { method: 'POST' }, 400, /^missing required parameter "q"$/],
];

/** Writes that a real InfluxDB 2.x and we answer alike, under `/api/v2/write`. */
const ALIKE_2: typeof ALIKE = [
  ['a good line', '', post(GOOD), 204],
  ['a good line, packed', '', post(new Uint8Array(gzipSync(GOOD)), GZIP), 204],
  ['a unit of time', '&precision=us', post(GOOD), 204],
  ['an empty body', '', post(''), 204],
  ['empty lines', '', post('\n\n'), 204],
  ['a comment', '', post('# nothing'), 204],
  ['a text alone', '', post('m,host=a s="x" 1'), 204],
  ['a bad field', '', post('m,host=a v=abc 1'), 400, /^unable to parse 'm,host=a v=abc 1': invalid/],
  ['a missing field', '', post('m,host=a'), 400, /^unable to parse 'm,host=a': missing fields$/],
  ['a missing tag value', '', post('m,host= v=1'), 400, /': missing tag value$/],
  ['a tag named twice', '', post('m,host=a,host=b v=1'), 400, /': duplicate tags$/],
  ['an open quote', '', post('m s="x 1'), 400, /': unbalanced quotes$/],
  ['a bad timestamp', '', post('m v=1 yesterday'), 400, /': bad timestamp$/],
  [
    'two bad lines of three',
    '',
    post(`${GOOD}\nbad\nm v= 3`),
    400,
    /unable to parse 'bad': missing fields\nunable to parse 'm v= 3': missing field value/,
  ],
  ['an unknown unit of time', '&precision=fortnight', post(GOOD), 400, /^invalid precision/],
];

describeWith('INFLUXD2', 'responses compared with those of a real InfluxDB 2.x', (influxd) => {
  const folder = temporaryFolder();
  const influxFolder = temporaryFolder();
  let service: Service;
  let influx: Influx;

  beforeAll(async () => {
    [service, influx] = await Promise.all([startService(folder.path), startInflux2(influxFolder.path, influxd)]);
  });
  afterAll(async () => {
    await Promise.all([service.stop(), influx.stop()]);
    folder.remove();
    influxFolder.remove();
  });

  const both = (more: string, init: RequestInit, tokens = [TOKEN, influx.access.token]) =>
    Promise.all(
      [service.url, influx.url].map(async (url, i) => {
        const headers = { ...(init.headers as object), authorization: `Token ${tokens[i]}` };
        const response = await fetch(`${url}/api/v2/write?bucket=bench&org=house${more}`, { ...init, headers });
        const body = await response.text();
        const { code, message } = (body === '' ? {} : JSON.parse(body)) as { code?: string; message?: string };
        return { status: response.status, code, message, header: response.headers.get('x-platform-error-code') };
      }),
    );

  it.each(ALIKE_2)('%s', async (_what, more, init, status, words) => {
    const [ours, theirs] = await both(more, init);
    expect({ ...ours, message: null }).toEqual({ ...theirs, message: null });
    expect(ours?.status).toBe(status);
    if (words === undefined) return;
    expect(ours?.message).toMatch(words);
    expect(theirs?.message).toMatch(words);
  });

  it('an invalid token', async () => {
    const [ours, theirs] = await both('', post(GOOD), ['wrong', 'wrong']);
    expect([ours?.status, ours?.code, ours?.header]).toEqual([401, 'unauthorized', 'unauthorized']);
    expect([theirs?.status, theirs?.code, theirs?.header]).toEqual([401, 'unauthorized', 'unauthorized']);
  });
});

describeWith('INFLUXD', 'responses compared with those of a real InfluxDB', (influxd) => {
  const folder = temporaryFolder();
  const influxFolder = temporaryFolder();
  let service: Service;
  let influx: Influx;

  beforeAll(async () => {
    [service, influx] = await Promise.all([startService(folder.path), startInflux(influxFolder.path, influxd)]);
  });
  afterAll(async () => {
    await Promise.all([service.stop(), influx.stop()]);
    folder.remove();
    influxFolder.remove();
  });

  const both = (path: string, init: RequestInit) =>
    Promise.all([ask(service.url + path, init, { authorization: `Token ${TOKEN}` }), ask(influx.url + path, init)]);

  it.each(ALIKE)('%s', async (_what, path, init, status, words) => {
    const [ours, theirs] = await both(path, init);
    expect([ours.status, theirs.status]).toEqual([status, status]);
    expect([ours.version, theirs.version]).toEqual([true, true]);
    if (status < 300) expect(ours.json).toEqual(theirs.json);
    expect([ours.errorHeader, ours.error === null]).toEqual([theirs.errorHeader, theirs.error === null]);
    if (words === undefined) return;
    expect(ours.error).toMatch(words);
    expect(theirs.error).toMatch(words);
  });

  it('a body that is too large', async () => {
    for (const url of [service.url, influx.url]) {
      const { status, body } = await announce(`${url}/write?db=bench`, 40_000_000);
      expect(status).toBe(413);
      expect(JSON.parse(body)).toEqual({ error: expect.stringMatching(/too large/i) });
    }
  });

  it('lists the database that a client asks for as an existing one', async () => {
    const [ours, theirs] = await both('/query?db=bench&q=SHOW+DATABASES', {});
    const names = ({ json }: Answer) => {
      const [result] = (json as { results: { series: { name: string; columns: string[]; values: string[][] }[] }[] })
        .results;
      expect(result?.series).toMatchObject([{ name: 'databases', columns: ['name'] }]);
      return result?.series.flatMap(({ values }) => values.flat());
    };
    // Both also have the database created above; InfluxDB may have one for its own statistics.
    expect(names(ours)).toEqual(['bench', 'telegraf']);
    expect(names(theirs)?.filter((name) => name !== '_internal')).toEqual(names(ours));
  });

  it('differs deliberately: no database is needed, and an unknown time unit is rejected instead of read as ns', async () => {
    const statuses = async (path: string) => (await both(path, post(GOOD))).map(({ status }) => status);
    expect(await statuses('/write')).toEqual([204, 400]);
    expect(await statuses('/write?db=nowhere')).toEqual([204, 404]);
    expect(await statuses('/write?db=bench&precision=fortnight')).toEqual([400, 204]);
  });

  it('stores the valid lines of a partly invalid batch, as InfluxDB does', async () => {
    const lines = 'kept,host=p v=1 1700000000000000000\nkept,host=p v=\nkept,host=p v=3 1700000002000000000';
    const [ours, theirs] = await both('/write?db=bench', post(lines));
    expect([ours.error, theirs.error]).toEqual([expect.stringMatching(/^partial write/), ours.error]);
    type Telemetry = { series: { timestamps: string[]; value: number[] }[] };
    const window = 'start=2023-11-14T00:00:00Z&end=2023-11-16T00:00:00Z';
    const { series } = await service.json<Telemetry>(
      `/api/v1/telemetry?device_id=p&metric=kept.v&bucket=raw&${window}`,
    );
    expect(series[0]?.value).toEqual([1, 3]);
    const query = encodeURIComponent('SELECT v FROM kept');
    const stored = (await (await fetch(`${influx.url}/query?db=bench&q=${query}`)).json()) as {
      results: { series: { values: [string, number][] }[] }[];
    };
    expect(stored.results[0]?.series[0]?.values.map(([, value]) => value)).toEqual([1, 3]);
  });

  it('rejects clients without write permission in the same format', async () => {
    const { status, error, version } = await ask(`${service.url}/write?db=bench`, post(GOOD));
    expect([status, error, version]).toEqual([401, expect.stringContaining('API token'), true]);
  });

  it('answers InfluxDB 2.x clients with a code and a message', async () => {
    const response = await service.request('/api/v2/write?bucket=b&org=o&precision=s', post('m,host=a v=x 1'));
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ code: 'invalid', message: expect.stringContaining("'m,host=a v=x 1'") });
  });

  it('shows an invalid line with any characters', async () => {
    const { status, error, errorHeader } = await ask(
      `${service.url}/write`,
      post(`m,host=${'\u{1f50b}'.repeat(100)}\n`, { authorization: `Token ${TOKEN}` }),
    );
    expect([status, error, errorHeader]).toEqual([400, expect.stringMatching(/missing fields$/), true]);
  });

  it('rejects only the lines of an invalid device', async () => {
    const unknown = '6f9619ff-8b86-4011-b42d-00c04fc964ff';
    const headers = { authorization: `Token ${TOKEN}` };
    const { status, error } = await ask(
      `${service.url}/write`,
      post(`beside,host=${unknown} v=1 1577836800000000000\nbeside,host=good v=2 1577836800000000000`, headers),
    );
    expect([status, error]).toEqual([400, expect.stringMatching(/^partial write: .*looks like an id.* dropped=1$/)]);
    const window = 'start=2020-01-01T00:00:00Z&end=2020-01-02T00:00:00Z';
    const { series } = await service.json<{ series: { value: number[] }[] }>(
      `/api/v1/telemetry?device_id=good&metric=beside.v&bucket=raw&${window}`,
    );
    expect(series[0]?.value).toEqual([2]);
  });
});

/** Sends the length of a body without the body: a server that rejects it does so immediately. */
function announce(url: string, bytes: number): Promise<{ status: number | undefined; body: string }> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-length': bytes, authorization: `Token ${TOKEN}` };
    const sent = request(url, { method: 'POST', headers }, async (response) => {
      resolve({ status: response.statusCode, body: await text(response) });
      sent.destroy();
    });
    sent.on('error', reject).flushHeaders();
  });
}

async function ask(url: string, init: RequestInit, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(url, { ...init, headers: { ...(init.headers as object), ...headers } });
  const body = await response.text();
  const json: unknown = body === '' ? null : JSON.parse(body);
  return {
    status: response.status,
    json,
    error: (json as { error?: string } | null)?.error ?? null,
    version: /^1\.\d+\.\d+/.test(response.headers.get('x-influxdb-version') ?? ''),
    errorHeader: response.headers.has('x-influxdb-error'),
  };
}
