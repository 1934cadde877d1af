import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { SECRET } from '@wattkeeper/contract/secret.ts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { InvalidInput, messageOf } from '../../domain/errors.ts';
import type { Api } from '../../http/api.ts';
import { problemOf } from '../../http/problem.ts';
import { decodeLineProtocol, type LineError, type Precision } from '../../sources/decode/line-protocol.ts';
import type { DeviceRules } from '../../sources/decode/line-protocol-device.ts';
import type { IngestService } from './ingest-service.ts';

export interface InfluxOptions extends DeviceRules {
  /** Bound of a body, also after it was unpacked. */
  readonly maxBodyBytes: number;
  readonly now: () => number;
}

const unzip = promisify(gunzip);

/** What InfluxDB 1.x and 2.x call the units of time. */
const PRECISIONS = new Map(
  Object.entries<Precision>({
    n: 'ns',
    ns: 'ns',
    u: 'us',
    us: 'us',
    µ: 'us',
    ms: 'ms',
    s: 's',
    m: 'm',
    h: 'h',
  }),
);
const PrecisionText = z.string().optional();
const V1Query = z.looseObject({
  precision: PrecisionText,
  db: z.string().optional(),
  u: z.string().optional(),
  p: z.string().meta(SECRET).optional(),
});
const Statement = z.looseObject({ q: z.string().optional(), db: z.string().optional() });
const V2Query = z.looseObject({ precision: PrecisionText, org: z.string().optional(), bucket: z.string().optional() });

const answer = (description: string, schema: z.ZodType) => ({
  description,
  content: { 'application/json': { schema } },
});
/** What is said of an error, in the shape of each version. */
const errorsOf = (schema: z.ZodType) => ({
  '4xx': answer('What went wrong', schema),
  '5xx': answer('What went wrong', schema),
});
const V1_ERRORS = errorsOf(z.object({ error: z.string() }));
const V2_ERRORS = errorsOf(z.object({ code: z.string(), message: z.string() }));
const TAKEN = { 204: z.null().meta({ description: 'Taken' }) };

/**
 * `/write`, `/api/v2/write`, `/ping`, and the `/query` that clients send to make their database: whatever writes to InfluxDB writes to
 * us unchanged. Errors have InfluxDB's own shapes.
 */
export async function influxRoutes(app: Api, intake: IngestService, options: InfluxOptions): Promise<void> {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: options.maxBodyBytes }, (_request, body, done) =>
    done(null, body),
  );
  app.setErrorHandler((error, request, reply) => sendInfluxError(error, request, reply));
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('x-influxdb-version', '1.8.10-wattkeeper').header('x-influxdb-build', 'OSS');
  });
  const schema = {
    tags: ['ingest'],
    consumes: ['text/plain'],
    body: z.any().meta({ description: 'Line protocol, plain or gzip' }),
  };
  const write = async (request: FastifyRequest, reply: FastifyReply) => writeLines(request, reply, intake, options);
  app.post(
    '/write',
    {
      schema: { ...schema, summary: 'InfluxDB 1.x write', querystring: V1Query, response: { ...TAKEN, ...V1_ERRORS } },
      config: { scope: 'write' },
    },
    write,
  );
  app.post(
    '/api/v2/write',
    {
      schema: { ...schema, summary: 'InfluxDB 2.x write', querystring: V2Query, response: { ...TAKEN, ...V2_ERRORS } },
      config: { scope: 'write' },
    },
    write,
  );
  app.route({
    method: ['GET', 'HEAD'],
    url: '/ping',
    schema: { tags: ['ingest'], summary: 'Whether writes are taken, as InfluxDB answers it', response: TAKEN },
    config: { scope: 'public' },
    handler: async (_request, reply) => reply.status(204).send(null),
  });
  app.route({
    method: ['GET', 'POST'],
    url: '/query',
    schema: {
      tags: ['ingest'],
      summary: 'Answers CREATE DATABASE and SHOW DATABASES, which clients send before they write',
      querystring: Statement,
      response: { 200: answer('Results', z.object({ results: z.array(z.looseObject({})) })), ...V1_ERRORS },
    },
    config: { scope: 'write' },
    handler: async (request) => {
      const form = new URLSearchParams(Buffer.isBuffer(request.body) ? request.body.toString() : '');
      return answerStatement({ ...Object.fromEntries(form), ...(request.query as z.infer<typeof Statement>) });
    },
  });
}

/** Every database is there: whichever the client names. */
function answerStatement({ q, db }: z.infer<typeof Statement>): object {
  if (q === undefined || q.trim() === '') throw new InvalidInput('missing required parameter "q"');
  if (/^\s*create\s+database\b/i.test(q)) return { results: [{ statement_id: 0 }] };
  if (/^\s*show\s+databases\b/i.test(q)) {
    const values = [[db || 'wattkeeper']];
    return { results: [{ statement_id: 0, series: [{ name: 'databases', columns: ['name'], values }] }] };
  }
  throw new InvalidInput(
    `only CREATE DATABASE and SHOW DATABASES are answered here; ask GET /api/v1/telemetry for history. Got: ${q.slice(0, 80)}`,
  );
}

async function writeLines(request: FastifyRequest, reply: FastifyReply, intake: IngestService, options: InfluxOptions) {
  const body = await bodyOf(request, options.maxBodyBytes);
  const decoded = decodeLineProtocol(body, {
    precision: precisionOf(request),
    nowMs: options.now(),
    deviceTags: options.deviceTags,
    labelTags: options.labelTags,
  });
  if (decoded.strings > 0) reply.header('x-wattkeeper-strings-left-out', decoded.strings);
  if (decoded.lines === 0 && decoded.bad > 0) throw new InvalidInput(reasons(decoded.errors, decoded.bad));
  const receipt = await intake.acceptLines(decoded.blocks, (device) => decoded.labels.get(device));
  if (receipt.quarantined > 0) reply.header('x-wattkeeper-quarantined', receipt.quarantined);
  if (decoded.bad > 0 || receipt.rejected > 0) {
    const refused = receipt.refusals.map(({ metric, detail }) => `${metric ?? 'line'}: ${detail}`);
    const list = [...(decoded.bad > 0 ? [reasons(decoded.errors, decoded.bad)] : []), ...refused].join('\n');
    throw new InvalidInput(`partial write: ${list} dropped=${receipt.rejected}`);
  }
  return reply.status(204).send();
}

function precisionOf(request: FastifyRequest): Precision {
  const given = (request.query as { precision?: string }).precision ?? 'ns';
  const precision = PRECISIONS.get(given);
  if (!precision) throw new InvalidInput(`invalid precision "${given}" (use n, ns, u, us, ms, s, m or h)`);
  return precision;
}

async function bodyOf(request: FastifyRequest, maxBytes: number): Promise<Uint8Array> {
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding === 'identity' || encoding === '') return body;
  if (encoding !== 'gzip') {
    throw new InvalidInput(`content-encoding must be gzip or identity; got "${encoding}"`, {
      code: 'unsupported_media_type',
    });
  }
  try {
    return await unzip(body, { maxOutputLength: maxBytes });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      throw new InvalidInput(`the body is larger than ${maxBytes} bytes once unpacked: send it in parts`, {
        code: 'payload_too_large',
      });
    }
    throw new InvalidInput(`the gzip body cannot be unpacked: ${messageOf(error)}; nothing of it was taken`, {
      cause: error,
    });
  }
}

function reasons(errors: readonly LineError[], bad: number): string {
  const told = errors.map(({ detail }) => detail);
  return [...told, ...(bad > told.length ? [`and ${bad - told.length} more lines`] : [])].join('\n');
}

/** InfluxDB 1.x answers `{"error"}`, 2.x `{"code", "message"}`; bad input is 400 in both. */
function sendInfluxError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const { status, detail, code } = problemOf(error, request);
  if (code === 'internal') request.log.error({ err: error }, 'write failed');
  const { retryAfterS } = error as { retryAfterS?: number };
  if (retryAfterS !== undefined) reply.header('retry-after', retryAfterS);
  const influxStatus = status === 422 ? 400 : status;
  reply.status(influxStatus).type('application/json').serializer(JSON.stringify);
  if (request.url.includes('/api/v2/')) {
    const influxCode = INFLUX_CODE[influxStatus] ?? 'internal error';
    reply.header('x-platform-error-code', influxCode).send({ code: influxCode, message: detail });
    return;
  }
  reply.header('x-influxdb-error', headerText(detail)).send({ error: detail });
}

/** On one line, in the characters that a header may have. */
function headerText(text: string): string {
  const line = text.toWellFormed().replaceAll('\n', ' ').slice(0, 1000).toWellFormed();
  return line.replace(/[^ -~]/gu, encodeURIComponent);
}

const INFLUX_CODE: Readonly<Record<number, string>> = {
  400: 'invalid',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not found',
  413: 'request too large',
  415: 'invalid',
  429: 'too many requests',
  503: 'unavailable',
};
