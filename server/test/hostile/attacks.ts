/** Hostile requests and their expected responses. Tests run them small, the bench at full size. */
import { request } from 'node:http';
import { gzipSync } from 'node:zlib';
import { type Service, TOKEN } from '../journeys/service.ts';

export interface Attack {
  readonly name: string;
  /** Requests at the same time. */
  readonly times: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Created on demand: all together would not fit in memory. */
  readonly body: () => Uint8Array;
  /** Expected statuses. */
  readonly allowed: readonly number[];
}

const MIB = 1024 * 1024;
const JSON_TYPE = { 'content-type': 'application/json' };
const SIGNED_IN = { authorization: `Bearer ${TOKEN}` };
const JSON_SIGNED_IN = { ...JSON_TYPE, ...SIGNED_IN };
const PACKED = { 'content-encoding': 'gzip' };

/** `text` again and again, as long as it fits, between `start` and `end`. */
function filled(bytes: number, text: string, start = '', end = ''): Buffer {
  const count = Math.floor((bytes - start.length - end.length) / text.length);
  return Buffer.concat([Buffer.from(start), Buffer.alloc(count * text.length, text), Buffer.from(end)]);
}

/** Numbered parts, as long as they fit. */
function numbered(bytes: number, part: (i: number) => string, start = '', end = ''): Buffer {
  const parts: string[] = [start];
  let length = start.length + end.length;
  for (let i = 0; ; i++) {
    const next = part(i);
    length += next.length;
    if (length > bytes) break;
    parts.push(next);
  }
  return Buffer.from(parts.join('') + end);
}

const reading = (i: number) =>
  `${i === 0 ? '' : ','}{"device_id":"d${i % 50}","timestamp":"2026-03-29T10:${String(Math.floor(i / 60) % 60).padStart(2, '0')}:${String(i % 60).padStart(2, '0')}.${String(i % 1000).padStart(3, '0')}Z","values":{"solar.power_kw":${i % 9}.5,"battery.soc_percent":${i % 100},"grid.power_kw":-${i % 7}.25}}`;

/** @param mib size of the largest bodies; a service takes 32 */
export function attacks(mib: number): Attack[] {
  const size = mib * MIB;
  const one = (name: string, path: string, headers: Attack['headers'], allowed: number[], body: () => Uint8Array) => ({
    name,
    times: 1,
    path,
    headers,
    body,
    allowed,
  });
  const readings = '/api/v1/readings';
  const preview = '/api/v1/kpi/custom/preview';
  const write = '/write?precision=ms';
  return [
    one('sign-in: [[[[…', '/api/v1/auth/login', JSON_TYPE, [413], () => Buffer.alloc(size, '[')),
    one('sign-in: long name', '/api/v1/auth/login', JSON_TYPE, [413], () => filled(size, 'a', '{"username":"', '"}')),
    one('sign-in: packed', '/api/v1/auth/login', { ...JSON_TYPE, ...PACKED }, [413, 415], () =>
      gzipSync(Buffer.alloc(size)),
    ),
    one('readings without a token', readings, JSON_TYPE, [401], () => Buffer.alloc(size, '[')),
    one('nothing at this path', '/api/v1/nothing', JSON_TYPE, [404], () => Buffer.alloc(size, '[')),
    one('readings: [[[[…', readings, JSON_SIGNED_IN, [422], () => Buffer.alloc(size, '[')),
    one('readings: {"a":{"a":…', readings, JSON_SIGNED_IN, [422], () => filled(size, '{"a":')),
    one('readings: [1,1,1,…', readings, JSON_SIGNED_IN, [422], () => filled(size, '1,', '[', '1]')),
    one('readings: [{},{},…', readings, JSON_SIGNED_IN, [422], () => filled(size, '{},', '[', '{}]')),
    one('readings: spaces', readings, JSON_SIGNED_IN, [413], () => filled(size, ' ', '[', ']')),
    one('readings: one long text', readings, JSON_SIGNED_IN, [413], () => filled(size, 'a', '["', '"]')),
    one('readings: good ones', readings, JSON_SIGNED_IN, [202, 422], () => numbered(size, reading, '[', ']')),
    one('readings: broken at the end', readings, JSON_SIGNED_IN, [400, 422], () => numbered(size, reading, '[', '}')),
    one('preview: [[[[…', preview, JSON_SIGNED_IN, [413, 422], () => Buffer.alloc(size, '[')),
    one('preview: ((((…', preview, JSON_SIGNED_IN, [413], () => filled(size, '(', '{"expression":"', '"}')),
    one('preview: 1+1+1…', preview, JSON_SIGNED_IN, [200], () => filled(500, '+1', '{"expression":"1', '"}')),
    one('preview: m*m*m…', preview, JSON_SIGNED_IN, [200], () => filled(500, '*m', '{"expression":"1 m', '("}')),
    one('quarantine: numbers that are texts', '/api/v1/storage/quarantine/decide', JSON_SIGNED_IN, [413, 422], () =>
      filled(60_000, '"a",', '{"decision":"accept","ids":[', '"a"]}'),
    ),
    one('device: more names than a document may have', '/api/v1/devices', JSON_SIGNED_IN, [413], () =>
      numbered(250_000, (i) => `${i ? ',' : ''}"n${i}":1`, '{', '}'),
    ),
    one('device: as many names as a document may have', '/api/v1/devices', JSON_SIGNED_IN, [422], () =>
      numbered(150_000, (i) => `${i ? ',' : ''}"n${i}":1`, '{', '}'),
    ),
    one('lines: good ones', write, SIGNED_IN, [204], () =>
      numbered(size, (i) => `solar,host=d${i % 50} power_kw=${i % 9}.5,energy_kwh=${i} ${1_774_700_000_000 + i}\n`),
    ),
    one('lines: good ones, packed', write, { ...SIGNED_IN, ...PACKED }, [204], () =>
      gzipSync('m,host=a v=1 1774700000000\n'),
    ),
    one('lines: one without an end', write, SIGNED_IN, [400, 413], () => filled(size, 'a', 'm f=1,')),
    one('lines: open quotes', write, SIGNED_IN, [204, 400], () => filled(size, 'm f="\n')),
    one('lines: bad ones', write, SIGNED_IN, [400], () => filled(size, 'x\n')),
    ten('ten bombs: zeros', write, () => gzipSync(Buffer.alloc(size))),
    ten('ten bombs: lines', write, () => gzipSync(filled(size, 'solar,host=d power_kw=1.5 1774700000000\n'))),
    ten('ten bombs: packed as lines are', write, () =>
      gzipSync(
        numbered(size, (i) => `solar,host=d${i % 9} power_kw=${(i * 7919) % 1000}.5 ${1_774_700_000_000 + i * 1000}\n`),
      ),
    ),
    ten('ten bombs: readings', readings, () => gzipSync(filled(size, '[', '[')), JSON_TYPE),
    ten(
      'ten bodies at once',
      write,
      () =>
        numbered(size, (i) => `solar,host=d${i % 50} power_kw=${i % 9}.5,energy_kwh=${i} ${1_774_700_000_000 + i}\n`),
      {},
      false,
    ),
  ];
}

function ten(
  name: string,
  path: string,
  body: () => Uint8Array,
  headers: Attack['headers'] = {},
  packed = true,
): Attack {
  return {
    name,
    times: 10,
    path,
    headers: { ...SIGNED_IN, ...(packed ? PACKED : {}), ...headers },
    body,
    allowed: [204, 400, 413, 422, 429],
  };
}

/** Sends the requests of an attack; returns their statuses, or the error of a broken connection. */
export function run(
  { url }: Service,
  { times, path, headers }: Attack,
  bytes: Uint8Array,
): Promise<(number | string)[]> {
  return Promise.all(Array.from({ length: times }, () => send(url + path, headers, bytes)));
}

/** One request over a separate connection; the response may arrive before the body is sent completely. */
export function send(
  url: string,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array,
): Promise<number | string> {
  return new Promise((resolve) => {
    const outgoing = request(url, {
      method: 'POST',
      agent: false,
      headers: { ...headers, 'content-length': body.length },
    });
    outgoing.on('response', (answer) => {
      answer.resume();
      answer.on('end', () => resolve(answer.statusCode ?? 0));
      answer.on('error', (error) => resolve(error.message));
    });
    outgoing.on('error', (error) => resolve(error.message));
    outgoing.end(body);
  });
}
