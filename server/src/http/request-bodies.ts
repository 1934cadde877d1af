import { SECOND_MS } from '@wattkeeper/contract/durations.ts';
import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify';
import { messageOf } from '../domain/errors.ts';
import type { Body } from './body.ts';
import { BodyReader, type BodyReaderOptions, MAX_PUBLIC_BODY_BYTES } from './body-reader.ts';
import { JsonScanner } from './json-scanner.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /** Reads bodies for routes that take other than small JSON documents. */
    bodies: BodyReader;
  }
}

/** Parsing a document up to this size does not have to wait for its turn. */
const SMALL_BYTES = 16 * 1024;
/** An answer that comes before the end of its request waits this long for the rest, which is discarded; then the connection is closed. */
const MAX_DISCARD_MS = 2 * SECOND_MS;
/**
 * A text, or one of the numbers that JSON does not have and some programs write nevertheless. Only for documents whose texts all end: in others it
 * looks for the end from every quotation mark on.
 */
const NOT_A_NUMBER = /"(?:[^"\\]|\\.)*"|(-?\b(?:NaN|Infinity)\b)/gs;
const BLANK = /^[ \t\r\n]*$/;

/**
 * Takes the place of Fastify's own parsers: JSON is scanned while it arrives and parsed as a whole where it is small; routes that take long lists or
 * lines read through `app.bodies`. Call it before any route is added.
 */
export function readBodies(app: FastifyInstance, options: BodyReaderOptions): void {
  app.decorate('bodies', new BodyReader(options));
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', (request: FastifyRequest) => readJson(app.bodies, request));
  app.addHook('onRoute', limitPublicBody);
  app.addHook('onSend', async (request, reply) => {
    if (!announcesBody(request) || request.raw.readableEnded) return;
    // Closing at once would reset the connection, and its client would lose the answer.
    const isRead = await app.bodies.discard(request, MAX_DISCARD_MS);
    if (isRead) reply.removeHeader('connection');
    else reply.header('connection', 'close');
  });
}

/** In this scope bodies of this type (`*`: of any) are left unread: the handlers read them. */
export function leaveBodiesUnread(
  scope: Pick<FastifyInstance, 'removeAllContentTypeParsers' | 'addContentTypeParser'>,
  contentType: string,
): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser(contentType, async () => undefined);
}

/**
 * Reads one JSON document, or a list of up to `maxElements` in slices, of which each is a list as well. Nothing is worked on before the whole body is
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

/** Range of a slice, and what makes it a document. */
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
    // Names such as `__proto__` become own keys, and are read as such alone.
    return JSON.parse(text);
  } catch (error) {
    const named = text.replace(NOT_A_NUMBER, (token, outside?: string) =>
      outside === undefined ? token : `"${outside}"`,
    );
    if (named !== text) return parse(named);
    throw notJson(messageOf(error));
  }
}

/** 400 as everywhere for JSON that breaks off; 422 is for JSON that does not fit. */
function notJson(reason: string): Error {
  return Object.assign(new Error(`the body is not JSON: ${reason}; nothing of it was taken`), { statusCode: 400 });
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
