import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import fastify, { type FastifyInstance } from 'fastify';
import { expect, it, onTestFinished, test } from 'vitest';
import { DEFAULT_BODY_BYTES, MAX_PUBLIC_BODY_BYTES } from './body-reader.ts';
import { MAX_JSON_DEPTH, MAX_JSON_ELEMENT_BYTES, MAX_JSON_VALUES } from './json-scanner.ts';
import { sendProblem } from './problem.ts';
import { leaveBodiesUnread, readBodies, readJsonSlices } from './request-bodies.ts';

const MAX_BODY_BYTES = 8 * 1024 * 1024;
const MAX_ELEMENTS = 20_000;
const JSON_TYPE = { 'content-type': 'application/json' };

/** `/one` accepts a document, `/list` a long list; `/open` needs no sign-in. */
async function app(): Promise<FastifyInstance> {
  const server = fastify({ bodyLimit: DEFAULT_BODY_BYTES });
  server.setErrorHandler(sendProblem);
  readBodies(server, { maxBodyBytes: MAX_BODY_BYTES });
  server.post('/one', { config: { scope: 'write' } }, ({ body }) => ({ body }));
  server.post('/open', { config: { scope: 'public' } }, ({ body }) => ({ body }));
  await server.register(async (scope) => {
    leaveBodiesUnread(scope, 'application/json');
    scope.post('/list', { config: { scope: 'write' }, bodyLimit: MAX_BODY_BYTES }, (request) =>
      readJsonSlices(request, MAX_ELEMENTS, async (slices) => {
        const given: unknown[] = [];
        for await (const slice of slices) given.push(slice);
        return given.length === 1 ? { whole: given[0] } : { slices: given.length, whole: given.flat() };
      }),
    );
  });
  onTestFinished(() => server.close());
  return server;
}

async function post(server: FastifyInstance, url: string, payload: string | Buffer, headers: object = JSON_TYPE) {
  const answer = await server.inject({ method: 'POST', url, payload, headers: { ...headers } });
  return { status: answer.statusCode, json: answer.json() };
}

const element = fc.oneof(
  fc.jsonValue({ maxDepth: 4 }),
  fc.string({ minLength: 1, maxLength: 30, unit: fc.constantFrom(',', '[', ']', '{', '}', '"', '\\', ' ', 'ü', '🔋') }),
);

test('a long list read in slices gives the same result as when parsed at once', async () => {
  const server = await app();
  await fc.assert(
    fc.asyncProperty(fc.array(element, { minLength: 1, maxLength: 20 }), async (elements) => {
      const once = JSON.stringify(elements).length;
      const list = Array.from({ length: Math.ceil(500_000 / once) }, () => elements)
        .flat()
        .slice(0, MAX_ELEMENTS);
      const text = JSON.stringify(list, null, list.length % 3);
      const { status, json } = await post(server, '/list', ` \n${text}\t`);
      expect(status).toBe(200);
      expect(json.whole).toEqual(JSON.parse(text));
      if (text.length > 300_000) expect(json.slices).toBeGreaterThan(1);
    }),
    { numRuns: 10 },
  );
});

it.each([
  ['a comma too many at the end', (list: string) => `${list.slice(0, -1)},]`],
  ['a comma too many in the midst', (list: string) => list.replace(/,("[^"]*",){9000}/, (all) => `${all},`)],
  ['no end', (list: string) => list.slice(0, -1)],
  ['another end', (list: string) => `${list.slice(0, -1)}}`],
  ['something after it', (list: string) => `${list}[]`],
  ['something before it', (list: string) => `x${list}`],
  ['a bare word in the midst', (list: string) => list.replace(/,("[^"]*",){9000}/, (all) => `${all}nan,`)],
  ['two ends', (list: string) => `${list}]`],
])('a long list with %s is not JSON, and nothing of it is worked on', async (_what, broken) => {
  const server = await app();
  const list = JSON.stringify(Array.from({ length: 15_000 }, (_, i) => `element number ${i}`));
  const { status, json } = await post(server, '/list', broken(list));
  expect(status).toBe(400);
  expect(json).toMatchObject({ code: 'invalid_input', detail: expect.stringContaining('none of it was accepted') });
});

const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
const listOf = (count: number) => `[${Array(count).fill(1).join()}]`;

it.each([
  ['/one', 'brackets as deep as allowed', nested(MAX_JSON_DEPTH), 200],
  ['/one', 'brackets one deeper', nested(MAX_JSON_DEPTH + 1), 422],
  ['/one', 'brackets in texts', JSON.stringify({ a: '['.repeat(5000), b: '\\"[[' }), 200],
  ['/one', 'as many values as allowed', listOf(MAX_JSON_VALUES), 200],
  ['/one', 'one value more', listOf(MAX_JSON_VALUES + 1), 413],
  ['/one', 'as many bytes as allowed', JSON.stringify('x'.repeat(DEFAULT_BODY_BYTES - 2)), 200],
  ['/one', 'one byte more', JSON.stringify('x'.repeat(DEFAULT_BODY_BYTES - 1)), 413],
  ['/open', 'as many bytes as allowed', JSON.stringify('x'.repeat(MAX_PUBLIC_BODY_BYTES - 2)), 200],
  ['/open', 'one byte more', JSON.stringify('x'.repeat(MAX_PUBLIC_BODY_BYTES - 1)), 413],
  ['/list', 'as many elements as allowed', listOf(MAX_ELEMENTS), 200],
  ['/list', 'one element more', listOf(MAX_ELEMENTS + 1), 422],
  ['/list', 'an element as long as allowed', `["${'x'.repeat(MAX_JSON_ELEMENT_BYTES - 4)}",1]`, 200],
  ['/list', 'an element that is too long', `["${'x'.repeat(MAX_JSON_ELEMENT_BYTES)}",1]`, 413],
  ['/list', 'an element of too many values', `[${listOf(MAX_JSON_VALUES + 1)}]`, 413],
  ['/list', 'elements one bracket too deep', `[${nested(MAX_JSON_DEPTH)}]`, 422],
  ['/one', 'names that objects inherit', '{"__proto__":{"a":1},"constructor":2}', 200],
  ['/one', 'nothing', '', 400],
])('%s: %s', async (url, _what, body, status) => {
  expect((await post(await app(), url, body)).status).toBe(status);
});

test('a compressed body counts with its decompressed size, which is at most 100 times its own', async () => {
  const server = await app();
  const packed = { ...JSON_TYPE, 'content-encoding': 'gzip' };
  expect(await post(server, '/one', gzipSync('{"a":1}'), packed)).toEqual({ status: 200, json: { body: { a: 1 } } });
  expect((await post(server, '/one', gzipSync(JSON.stringify('x'.repeat(DEFAULT_BODY_BYTES))), packed)).status).toBe(
    413,
  );
  const bomb = await post(server, '/list', gzipSync(`[${'1,'.repeat(3_000_000)}1]`), packed);
  expect(bomb.status).toBeOneOf([413, 422]);
  const blank = await post(server, '/list', gzipSync(Buffer.alloc(MAX_JSON_ELEMENT_BYTES * 8, '"a",')), packed);
  expect(blank.status).toBeOneOf([413, 422]);
  expect((await post(server, '/one', gzipSync('{"a":1}').subarray(0, 15), packed)).status).toBe(422);
  expect((await post(server, '/one', '{}', { ...JSON_TYPE, 'content-encoding': 'br' })).status).toBe(415);
  expect((await post(server, '/open', gzipSync('{}'), packed)).status).toBe(415);
});

test('the total size of bodies is limited until their processing ends', async () => {
  const server = await app();
  const request = (bytes: number) => ({
    raw: bodyOf(bytes),
    headers: {},
    routeOptions: { bodyLimit: MAX_BODY_BYTES, config: {} },
  });
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const working = Promise.withResolvers<void>();
  const first = server.bodies.read(request(5_000_000) as never, async () => {
    working.resolve();
    await released;
  });
  await working.promise;
  await expect(server.bodies.read(request(5_000_000) as never, async () => {})).rejects.toMatchObject({
    code: 'too_many_requests',
    retryAfterS: expect.any(Number),
  });
  expect(server.bodies.bytesInFlight).toBe(5_000_000);
  // Small bodies are always accepted.
  await server.bodies.read(request(MAX_PUBLIC_BODY_BYTES) as never, async () => {});
  release();
  await first;
  expect(server.bodies.bytesInFlight).toBe(0);
  await server.bodies.read(request(5_000_000) as never, async () => {});
});

test('a route without sign-in cannot declare a larger limit', async () => {
  const server = await app();
  const options = { config: { scope: 'public' as const }, bodyLimit: MAX_PUBLIC_BODY_BYTES + 1 };
  expect(() => server.post('/large', options, () => ({}))).toThrow(/at most 16384 bytes; it states 16385/);
});

function bodyOf(bytes: number) {
  return Readable.from([Buffer.alloc(bytes)]);
}

it('numbers that JSON does not define become texts without affecting other values', async () => {
  const server = await app();
  const given = '{"a": NaN, "b": [-Infinity, Infinity, 1], "c NaN \\" Infinity": "NaN, -Infinity"}';
  const read = { a: 'NaN', b: ['-Infinity', 'Infinity', 1], 'c NaN " Infinity': 'NaN, -Infinity' };
  expect(await post(server, '/one', given)).toEqual({ status: 200, json: { body: read } });
  expect(await post(server, '/list', `[${given}]`)).toEqual({ status: 200, json: { whole: [read] } });
  expect((await post(server, '/one', '{"a": NaNa}')).status).toBe(400);
  expect((await post(server, '/one', '{"a": NaN')).status).toBe(400);
});

it('an unterminated text is rejected before any search in it', async () => {
  const server = await app();
  const endless = `["${'\\"'.repeat(DEFAULT_BODY_BYTES / 2 - 2)}`;
  for (const url of ['/one', '/list']) {
    const { status, json } = await post(server, url, endless);
    expect([status, json.detail]).toEqual([400, expect.stringContaining('a text does not end')]);
  }
});
