import { SECRET } from '@wattkeeper/contract/secret.ts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { InvalidInput } from '../../domain/errors.ts';
import type { Api } from '../../http/api.ts';
import type { BodyReader } from '../../http/body-reader.ts';
import { problemOf } from '../../http/problem.ts';
import { leaveBodiesUnread } from '../../http/request-bodies.ts';
import type { Receipt } from '../../ingest/ingest.ts';
import { MAX_REFUSALS_TOLD, type Refusal } from '../../ingest/validate.ts';
import type { DecodedLines, LineError, LineProtocolOptions, Precision } from '../../sources/decode/line-protocol.ts';
import type { DeviceRules } from '../../sources/decode/line-protocol-device.ts';
import { type ByteSource, decodeLineProtocolSlices } from '../../sources/decode/line-protocol-slices.ts';
import type { IngestService } from './ingest-service.ts';

export interface InfluxOptions extends DeviceRules {
  /** Bound of a body, also after it was unpacked. */
  readonly maxBodyBytes: number;
  readonly now: () => number;
}

/** Statements that make a database are short. */
const MAX_STATEMENT_BYTES = 16 * 1024;
/** Lines of a body up to this size do not have to wait for their turn. */
const SMALL_BYTES = 16 * 1024;
/** Bad lines that an answer lists individually. */
const MAX_LINE_ERRORS = 20;

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
  leaveBodiesUnread(app, '*');
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
      bodyLimit: options.maxBodyBytes,
    },
    write,
  );
  app.post(
    '/api/v2/write',
    {
      schema: { ...schema, summary: 'InfluxDB 2.x write', querystring: V2Query, response: { ...TAKEN, ...V2_ERRORS } },
      config: { scope: 'write' },
      bodyLimit: options.maxBodyBytes,
    },
    write,
  );
  app.route({
    method: ['GET', 'HEAD'],
    url: '/ping',
    schema: {
      tags: ['ingest'],
      summary: 'Whether writes are taken, as InfluxDB answers it',
      querystring: z.looseObject({}),
      response: TAKEN,
    },
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
    bodyLimit: MAX_STATEMENT_BYTES,
    handler: async (request) => {
      const form = await request.server.bodies.read(
        request,
        async (body) => new URLSearchParams(body.slice().toString()),
      );
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
  const { now, deviceTags, labelTags } = options;
  const rules = { precision: precisionOf(request), nowMs: now(), deviceTags, labelTags };
  const { bodies } = request.server;
  const written = await bodies.read(request, async (body) => {
    const sum = new WrittenLines();
    for await (const { decoded, receipt } of intake.acceptLines(slicesOf(body, rules, bodies)))
      sum.add(decoded, receipt);
    return sum;
  });
  if (written.strings > 0) reply.header('x-wattkeeper-strings-left-out', written.strings);
  if (written.quarantined > 0) reply.header('x-wattkeeper-quarantined', written.quarantined);
  const problem = written.problem();
  if (problem !== null) throw new InvalidInput(problem);
  return reply.status(204).send();
}

async function* slicesOf(
  body: ByteSource,
  rules: LineProtocolOptions,
  { turns }: BodyReader,
): AsyncGenerator<DecodedLines> {
  const slices = decodeLineProtocolSlices(body, rules);
  for (;;) {
    if (body.length > SMALL_BYTES) await turns.next();
    const { value, done } = slices.next();
    if (done) return;
    yield value;
  }
}

/** What became of the lines of a request, slice by slice. */
class WrittenLines {
  strings = 0;
  quarantined = 0;
  #lines = 0;
  #bad = 0;
  #rejected = 0;
  readonly #errors: LineError[] = [];
  readonly #refusals: Refusal[] = [];

  add({ lines, bad, strings, errors }: DecodedLines, { rejected, quarantined, refusals }: Receipt): void {
    this.strings += strings;
    this.quarantined += quarantined;
    this.#lines += lines;
    this.#bad += bad;
    this.#rejected += rejected;
    this.#errors.push(...errors.slice(0, MAX_LINE_ERRORS - this.#errors.length));
    this.#refusals.push(...refusals.slice(0, MAX_REFUSALS_TOLD - this.#refusals.length));
  }

  /** In InfluxDB's words; null where every line was taken. */
  problem(): string | null {
    if (this.#bad === 0 && this.#rejected === 0) return null;
    const bad = this.#bad > 0 ? [reasons(this.#errors, this.#bad)] : [];
    if (this.#lines === 0 && this.#rejected === 0) return bad.join();
    const rejected = this.#refusals.map(({ metric, detail }) => `${metric ?? 'line'}: ${detail}`);
    return `partial write: ${[...bad, ...rejected].join('\n')} dropped=${this.#rejected}`;
  }
}

function precisionOf(request: FastifyRequest): Precision {
  const given = (request.query as { precision?: string }).precision ?? 'ns';
  const precision = PRECISIONS.get(given);
  if (!precision) throw new InvalidInput(`invalid precision "${given}" (use n, ns, u, us, ms, s, m or h)`);
  return precision;
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
