import { SECOND_MS } from '@wattkeeper/contract/durations.ts';
import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify';
import { messageOf } from '../domain/errors.ts';
import type { Body } from './body.ts';
import { BodyReader, type BodyReaderOptions, MAX_PUBLIC_BODY_BYTES } from './body-reader.ts';
import { JsonScanner } from './json-scanner.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /** Reads bodies for routes that accept anything other than small JSON documents. */
    bodies: BodyReader;
  }
}

/** Documents up to this size are parsed without queueing. */
const SMALL_BYTES = 16 * 1024;
/** If the answer precedes the end of the request, the remainder is read and discarded for this long; then the connection is closed. */
const MAX_DISCARD_MS = 2 * SECOND_MS;
/**
 * A text, or one of the numbers that JSON does not define but some programs write. Use it only for documents in which every text is terminated: in others it
 * would search for the end from every quotation mark.
 */
const NOT_A_NUMBER = /"(?:[^"\\]|\\.)*"|(-?\b(?:NaN|Infinity)\b)/gs;
const BLANK = /^[ \t\r\n]*$/;

/**
 * Replaces Fastify's parsers: JSON is scanned while it arrives, and small documents are parsed as a whole; routes for long lists or lines read
 * through `app.bodies`. Call it before any route is added.
 */
export function readBodies(app: FastifyInstance, options: BodyReaderOptions): void {
  app.decorate('bodies', new BodyReader(options));
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', (request: FastifyRequest) => readJson(app.bodies, request));
  app.addHook('onRoute', limitPublicBody);
  app.addHook('onSend', async (request, reply) => {
    if (!announcesBody(request) || request.raw.readableEnded) return;
    // Closing immediately would reset the connection, and the client would lose the answer.
    const isRead = await app.bodies.discard(request, MAX_DISCARD_MS);
    if (isRead) reply.removeHeader('connection');
    else reply.header('connection', 'close');
  });
}

/** In this scope, bodies of this type (`*`: any) are not read here: the handlers read them. */
export function leaveBodiesUnread(
  scope: Pick<FastifyInstance, 'removeAllContentTypeParsers' | 'addContentTypeParser'>,
  contentType: string,
): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser(contentType, async () => undefined);
}

/**
 * Reads one JSON document, or a list of up to `maxElements` in slices, each of which is a list. Nothing is processed before the whole body is
 * known to be JSON.
 */
export function readJsonSlices<T>(
  request: FastifyRequest,
  maxElements: number,
  work: (slices: AsyncIterable<unknown>) => Promise<T>,
): Promise<T> {
  const { bodies } = request.server;
  const scanner = new JsonScanner(maxElements);
  return bodies.read(
    request,
    async (body) => {
      checkTexts(scanner);
      const parts = partsOf(body, scanner);
      if (parts.length > 1) for await (const _valid of parsed(body, parts, bodies));
      return work(parsed(body, parts, bodies));
    },
    { watch: (bytes) => scanner.add(bytes) },
  );
}

function readJson(bodies: BodyReader, request: FastifyRequest): Promise<unknown> {
  if (request.is404) return Promise.resolve(undefined);
  const scanner = new JsonScanner();
  return bodies.read(
    request,
    async (body) => {
      checkTexts(scanner);
      if (body.length > SMALL_BYTES) await bodies.turns.next();
      return parse(body.slice().toString());
    },
    { watch: (bytes) => scanner.add(bytes) },
  );
}

/** Range of a slice, and the text around it that makes it a document. */
interface Part {
  readonly from: number;
  readonly to: number;
  readonly toDocument: (text: string) => string;
}

function partsOf(body: Body, { cuts, listStart }: JsonScanner): Part[] {
  if (cuts.length === 0) return [{ from: 0, to: body.length, toDocument: (text) => text }];
  if (!BLANK.test(body.slice(0, listStart).toString())) throw notJson('something precedes the list');
  const starts = [listStart, ...cuts];
  return starts.map((start, i) => ({
    from: start + 1,
    to: cuts[i] ?? body.length,
    toDocument: (text) => asList(i < cuts.length ? text : withoutEnd(text)),
  }));
}

async function* parsed(body: Body, parts: readonly Part[], { turns }: BodyReader): AsyncGenerator<unknown> {
  for (const { from, to, toDocument } of parts) {
    if (body.length > SMALL_BYTES) await turns.next();
    yield parse(toDocument(body.slice(from, to).toString()));
  }
}

function asList(elements: string): string {
  if (BLANK.test(elements)) throw notJson('an element is missing after a comma');
  return `[${elements}]`;
}

function withoutEnd(text: string): string {
  const end = text.trimEnd();
  if (!end.endsWith(']')) throw notJson('the list does not end');
  return end.slice(0, -1);
}

function checkTexts({ isInText }: JsonScanner): void {
  if (isInText) throw notJson('a text does not end');
}

/** NaN and Infinity become texts, which are rejected individually where a number belongs. */
function parse(text: string): unknown {
  if (text === '') throw notJson('it is empty');
  try {
    // Names such as `__proto__` become own keys, and are read only as such.
    return JSON.parse(text);
  } catch (error) {
    const named = text.replace(NOT_A_NUMBER, (token, outside?: string) =>
      outside === undefined ? token : `"${outside}"`,
    );
    if (named !== text) return parse(named);
    throw notJson(messageOf(error));
  }
}

/** 400 for malformed JSON, as everywhere; 422 is for JSON that does not fit the schema. */
function notJson(reason: string): Error {
  return Object.assign(new Error(`the body is not JSON: ${reason}; none of it was accepted`), { statusCode: 400 });
}

function limitPublicBody(route: RouteOptions): void {
  if (route.config?.scope !== 'public') return;
  if (route.bodyLimit !== undefined && route.bodyLimit > MAX_PUBLIC_BODY_BYTES) {
    throw new Error(
      `the route ${route.method} ${route.url} needs no sign-in and may take bodies of at most ${MAX_PUBLIC_BODY_BYTES} bytes; it states ${route.bodyLimit}`,
    );
  }
  route.bodyLimit ??= MAX_PUBLIC_BODY_BYTES;
}

function announcesBody({ headers }: FastifyRequest): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length']) > 0;
}
