import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Api } from '../../../http/api.ts';
import { problemOf } from '../../../http/problem.ts';

/** Reported version: the last 1.x release also supports `/api/v2/…`. */
export const INFLUX_VERSION = '1.8.10-wattkeeper';

const said = (description: string, example: string) => z.string().meta({ description, examples: [example] });
/** The body of an error in the format of each version. */
export const V1_ERRORS = errorsOf(
  z.object({ error: said('What went wrong', "unable to parse 'cpu': missing fields") }),
);
export const V2_ERRORS = errorsOf(
  z.object({
    code: said('Kind of the error', 'invalid'),
    message: said('What went wrong', "unable to parse 'cpu': missing fields"),
  }),
);

function errorsOf(schema: z.ZodType) {
  const answer = { description: 'What went wrong', content: { 'application/json': { schema } } };
  return { '4xx': answer, '5xx': answer };
}

/** Characters that Go escapes in JSON. */
const ESCAPED = /[<>&\u2028\u2029]/g;
const V2_PATH = /^\/(?:influxdb\/)?api\/v2\//;

/** Gives the errors and the JSON of a scope InfluxDB's format. */
export function answerAsInflux(app: Api): void {
  app.setErrorHandler((error, request, reply) => sendInfluxError(error, request, reply));
  app.setSerializerCompiler(() => influxJson);
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-influxdb-version', INFLUX_VERSION).header('x-influxdb-build', 'OSS');
    reply.header('request-id', request.id).header('x-request-id', request.id);
  });
}

/** Encodes JSON like Go's encoder, with its final newline. */
function influxJson(value: unknown): string {
  const text = JSON.stringify(value);
  return `${text.replace(ESCAPED, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)}\n`;
}

/** InfluxDB 1.x answers `{"error"}`, 2.x `{"code", "message"}`; bad input is 400 in both. */
export function sendInfluxError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const { status, detail, code } = problemOf(error, request);
  if (code === 'internal') request.log.error({ err: error }, 'write failed');
  const { retryAfterS } = error as { retryAfterS?: number };
  if (retryAfterS !== undefined) reply.header('retry-after', retryAfterS);
  // InfluxDB 2.x answers 422 if the object already exists.
  const influxStatus = status === 422 ? 400 : status === 409 ? 422 : status;
  reply.status(influxStatus).type('application/json').serializer(influxJson);
  if (V2_PATH.test(request.url)) {
    const influxCode = INFLUX_CODE[influxStatus] ?? 'internal error';
    reply.header('x-platform-error-code', influxCode).send({ code: influxCode, message: detail });
    return;
  }
  reply.header('x-influxdb-error', headerText(detail)).send({ error: detail });
}

/** Answers unknown paths below the base path: in JSON for 2.x, in text for 1.x. */
export function sendUnknown(request: FastifyRequest, reply: FastifyReply): void {
  const error = request.server.missing(request, reply);
  if (V2_PATH.test(request.url)) {
    sendInfluxError(error, request, reply);
    return;
  }
  const isMethod = error.code === 'method_not_allowed';
  reply.status(isMethod ? 405 : 404).type('text/plain; charset=utf-8');
  reply.send(isMethod ? 'Method Not Allowed\n' : '404 page not found\n');
}

/** Converts a text to one line of characters that a header may contain. */
function headerText(text: string): string {
  const line = text.toWellFormed().replaceAll('\n', ' ').slice(0, 1000).toWellFormed();
  return line.replace(/[^ -~]/gu, encodeURIComponent);
}

const INFLUX_CODE: Readonly<Record<number, string>> = {
  400: 'invalid',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not found',
  405: 'method not allowed',
  422: 'conflict',
  413: 'request too large',
  415: 'invalid',
  429: 'too many requests',
  503: 'unavailable',
};
