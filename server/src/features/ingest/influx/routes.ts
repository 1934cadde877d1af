import { SECRET } from '@wattkeeper/contract/access/secret.ts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { InvalidInput } from '../../../domain/errors.ts';
import type { Api } from '../../../http/api.ts';
import { leaveBodiesUnread } from '../../../http/request-bodies.ts';
import type { DeviceRules } from '../../../sources/decode/line-protocol-device.ts';
import type { IngestService } from '../service.ts';
import { answerAsInflux, INFLUX_VERSION, sendUnknown, V1_ERRORS, V2_ERRORS } from './answers.ts';
import { bucketRoutes } from './buckets.ts';
import { InfluxDatabases } from './databases.ts';
import { answerStatements } from './statements.ts';
import { writeLines } from './write.ts';

export interface InfluxOptions extends DeviceRules {
  /** Maximum size of a body, also after decompression. */
  readonly maxBodyBytes: number;
  readonly now: () => number;
}

/** Base path below which every answer has InfluxDB's format. */
export const INFLUX_BASE = '/influxdb';
/** Maximum size of a body with statements. */
const MAX_STATEMENT_BYTES = 16 * 1024;

const PrecisionText = z
  .string()
  .optional()
  .meta({ description: 'Unit of the timestamps: n, ns, u, us, ms, s, m or h; ns unless stated', examples: ['s'] });
const Database = z
  .string()
  .optional()
  .meta({ description: 'Any name: readings of all databases are kept together', examples: ['telegraf'] });
const V1Query = z.looseObject({
  precision: PrecisionText,
  db: Database,
  u: z
    .string()
    .optional()
    .meta({ description: 'Any user name', examples: ['telegraf'] }),
  p: z
    .string()
    .meta(SECRET)
    .optional()
    .meta({ description: 'An API token, where a client cannot send the header Authorization', examples: ['wk_…'] }),
});
const Statement = z.looseObject({
  q: z
    .string()
    .optional()
    .meta({ description: 'Statements of InfluxQL', examples: ['CREATE DATABASE telegraf'] }),
  db: Database,
});
const V2Query = z.looseObject({
  precision: PrecisionText,
  org: z
    .string()
    .optional()
    .meta({ description: 'Any name', examples: ['home'] }),
  bucket: z
    .string()
    .optional()
    .meta({ description: 'Any name', examples: ['telegraf'] }),
});
const PingQuery = z.looseObject({
  verbose: z
    .string()
    .optional()
    .meta({ description: 'Anything but 0 or false answers with the version', examples: ['true'] }),
});
const TAKEN = { 204: z.null().meta({ description: 'Taken' }) };
const QUIET = new Set(['', '0', 'false']);

/**
 * InfluxDB clients can write without changes: `/write`, `/api/v2/write`, `/query`, `/ping` and the lists that clients query before they write, at the
 * root and under `/influxdb`, where the health check and the errors for unknown paths also have InfluxDB's format.
 */
export async function influxRoutes(app: Api, intake: IngestService, options: InfluxOptions): Promise<void> {
  const databases = new InfluxDatabases();
  await app.register(async (root) => clientRoutes(root as unknown as Api, intake, databases, options));
  await app.register(
    async (base) => {
      clientRoutes(base as unknown as Api, intake, databases, options);
      healthRoutes(base as unknown as Api, options);
      base.setNotFoundHandler(sendUnknown);
    },
    { prefix: INFLUX_BASE },
  );
}

function clientRoutes(app: Api, intake: IngestService, databases: InfluxDatabases, options: InfluxOptions): void {
  leaveBodiesUnread(app, '*');
  answerAsInflux(app);
  writeRoutes(app, intake, options);
  pingRoute(app);
  queryRoute(app, databases);
  bucketRoutes(app, databases);
}

function writeRoutes(app: Api, intake: IngestService, options: InfluxOptions): void {
  const schema = {
    tags: ['ingest'],
    consumes: ['text/plain'],
    body: z.any().meta({ description: 'Line protocol, plain or gzip', examples: ['grid,device=meter power_kw=0.4'] }),
  };
  const config = { scope: 'write' as const };
  const write = async (request: FastifyRequest, reply: FastifyReply) => writeLines(request, reply, intake, options);
  app.post(
    '/write',
    {
      schema: { ...schema, summary: 'InfluxDB 1.x write', querystring: V1Query, response: { ...TAKEN, ...V1_ERRORS } },
      config,
      bodyLimit: options.maxBodyBytes,
    },
    write,
  );
  app.post(
    '/api/v2/write',
    {
      schema: { ...schema, summary: 'InfluxDB 2.x write', querystring: V2Query, response: { ...TAKEN, ...V2_ERRORS } },
      config,
      bodyLimit: options.maxBodyBytes,
    },
    write,
  );
}

function pingRoute(app: Api): void {
  const version = z.string().meta({ description: 'Version that clients may take it for', examples: [INFLUX_VERSION] });
  app.route({
    method: ['GET', 'HEAD'],
    url: '/ping',
    schema: {
      tags: ['ingest'],
      summary: 'Whether writes are taken, as InfluxDB answers it',
      querystring: PingQuery,
      response: { 200: z.object({ version }).meta({ description: 'Taken, with the version' }), ...TAKEN, ...V1_ERRORS },
    },
    config: { scope: 'public' },
    handler: async ({ query }, reply) =>
      QUIET.has(query.verbose ?? '')
        ? reply.status(204).send(null)
        : reply.status(200).send({ version: INFLUX_VERSION }),
  });
}

function queryRoute(app: Api, databases: InfluxDatabases): void {
  const results = z.array(z.looseObject({})).optional().meta({ description: 'One for each statement' });
  app.route({
    method: ['GET', 'POST'],
    url: '/query',
    schema: {
      tags: ['ingest'],
      summary: 'Answers the statements about databases and retention policies that clients send before they write',
      description:
        'CREATE DATABASE, SHOW DATABASES, and CREATE, ALTER and SHOW RETENTION POLICY. Readings of all databases are kept together, for as long as the setting `retention` says.',
      querystring: Statement,
      response: {
        200: z.object({ results }).meta({ description: 'Results', examples: [{ results: [{ statement_id: 0 }] }] }),
        ...V1_ERRORS,
      },
    },
    config: { scope: 'write' },
    bodyLimit: MAX_STATEMENT_BYTES,
    handler: async (request) => {
      const form = await request.server.bodies.read(
        request,
        async (body) => new URLSearchParams(body.slice().toString()),
      );
      const { q, db }: z.infer<typeof Statement> = { ...Object.fromEntries(form), ...request.query };
      if (q === undefined || q === '') throw new InvalidInput('missing required parameter "q"');
      return answerStatements(q, db, databases);
    },
  });
}

function healthRoutes(app: Api, { now }: InfluxOptions): void {
  const startedAt = now();
  const health = {
    name: 'influxdb',
    message: 'ready for queries and writes',
    status: 'pass',
    checks: [],
    version: INFLUX_VERSION,
  };
  const text = (example: string) => z.string().meta({ description: 'As InfluxDB answers it', examples: [example] });
  app.get(
    '/health',
    {
      schema: {
        tags: ['ingest'],
        summary: 'Health as InfluxDB answers it',
        querystring: z.looseObject({}),
        response: {
          200: z
            .object({
              name: text('influxdb'),
              message: text(health.message),
              status: text('pass'),
              checks: z.array(z.looseObject({})).meta({ description: 'Empty', examples: [[]] }),
              version: text(INFLUX_VERSION),
            })
            .meta({ description: 'Writes are taken' }),
          ...V1_ERRORS,
        },
      },
      config: { scope: 'public' },
    },
    async () => health,
  );
  app.get(
    '/ready',
    {
      schema: {
        tags: ['ingest'],
        summary: 'Readiness as InfluxDB 2.x answers it',
        querystring: z.looseObject({}),
        response: {
          200: z
            .object({ status: text('ready'), started: text('2026-06-01T00:00:00.000Z'), up: text('3600s') })
            .meta({ description: 'Writes are taken' }),
          ...V1_ERRORS,
        },
      },
      config: { scope: 'public' },
    },
    async () => ({
      status: 'ready',
      started: new Date(startedAt).toISOString(),
      up: `${Math.floor((now() - startedAt) / 1000)}s`,
    }),
  );
}
