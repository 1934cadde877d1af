import { z } from 'zod';
import { Conflict, InvalidInput, messageOf, NotFound } from '../../../domain/errors.ts';
import type { Api } from '../../../http/api.ts';
import { V2_ERRORS } from './answers.ts';
import { type InfluxDatabases, influxId } from './databases.ts';

/** Maximum size of the body that describes a bucket. */
const MAX_BUCKET_BYTES = 16 * 1024;
const MAX_NAME_CHARACTERS = 200;
/** Organization of buckets in queries that name none. */
const DEFAULT_ORG = 'wattkeeper';

const name = z
  .string()
  .min(1)
  .max(MAX_NAME_CHARACTERS)
  .meta({ description: 'Any name', examples: ['telegraf'] });
const id = z.string().meta({ description: '16 hexadecimal digits', examples: ['0a1b2c3d4e5f6071'] });
const Rule = z.looseObject({
  type: z
    .string()
    .default('expire')
    .meta({ description: 'Always expire', examples: ['expire'] }),
  everySeconds: z
    .number()
    .min(0)
    .meta({ description: 'Seconds that readings are kept; nothing is deleted by it here', examples: [2_592_000] }),
});
const Bucket = z
  .looseObject({
    id,
    orgID: id,
    type: z.string().meta({ description: 'Always user', examples: ['user'] }),
    name,
    retentionRules: z.array(Rule).meta({ description: 'As they were sent', examples: [[]] }),
  })
  .meta({ description: 'A bucket, as InfluxDB 2.x describes it' });
const BucketCreate = z.looseObject({
  name,
  orgID: id.optional(),
  retentionRules: z
    .array(Rule)
    .max(10)
    .default([])
    .meta({ description: 'Kept as they are', examples: [[]] }),
});
const Org = z.looseObject({ id, name }).meta({ description: 'An organization, as InfluxDB 2.x describes it' });
const BucketQuery = z.looseObject({
  name: name.optional(),
  org: name.optional(),
  orgID: id.optional(),
  id: id.optional(),
});
const OrgQuery = z.looseObject({ org: name.optional(), orgID: id.optional() });
const IdParams = z.object({ id });

const schema = { tags: ['ingest'] };
const config = { scope: 'write' as const };

function list<T extends z.ZodType>(key: string, item: T) {
  return z
    .looseObject({ [key]: z.array(item).meta({ description: 'All that match', examples: [[]] }) })
    .meta({ description: 'A list' });
}

/** The lists of InfluxDB 2.x that clients query before they write. Every bucket and organization that a client requests by name exists. */
export function bucketRoutes(app: Api, databases: InfluxDatabases): void {
  orgRoute(app);
  app.get(
    '/api/v2/buckets',
    {
      schema: {
        ...schema,
        summary: 'Buckets of InfluxDB 2.x',
        querystring: BucketQuery,
        response: { 200: list('buckets', Bucket), ...V2_ERRORS },
      },
      config,
    },
    async ({ query }) => {
      const names = query.name === undefined ? databases.names() : [query.name];
      const orgId = query.orgID ?? influxId('org', query.org ?? DEFAULT_ORG);
      const all = names.map((one) => toBucket(one, orgId));
      const buckets = query.id === undefined ? all : all.filter((bucket) => bucket.id === query.id);
      return { links: { self: '/api/v2/buckets' }, buckets };
    },
  );
  app.get(
    '/api/v2/buckets/:id',
    {
      schema: {
        ...schema,
        summary: 'A bucket of InfluxDB 2.x',
        params: IdParams,
        response: { 200: Bucket, ...V2_ERRORS },
      },
      config,
    },
    async ({ params }) => {
      const found = databases.names().find((one) => influxId('bucket', one) === params.id);
      if (found === undefined) throw new NotFound('bucket not found');
      return toBucket(found, influxId('org', DEFAULT_ORG));
    },
  );
  app.post(
    '/api/v2/buckets',
    {
      schema: {
        ...schema,
        summary: 'Create a bucket of InfluxDB 2.x',
        description: 'Readings of all buckets are kept together, for as long as the setting `retention` says.',
        response: { 201: Bucket, ...V2_ERRORS },
      },
      config,
      bodyLimit: MAX_BUCKET_BYTES,
    },
    async (request, reply) => {
      const given = await request.server.bodies.read(request, async (body) => parse(body.slice().toString()));
      const { name: created, orgID = influxId('org', DEFAULT_ORG), retentionRules } = given;
      if (databases.has(created)) throw new Conflict(`bucket with name ${created} already exists`);
      databases.create(created, null, {});
      return reply.status(201).send({ ...toBucket(created, orgID), retentionRules });
    },
  );
}

function orgRoute(app: Api): void {
  app.get(
    '/api/v2/orgs',
    {
      schema: {
        ...schema,
        summary: 'Organizations of InfluxDB 2.x',
        querystring: OrgQuery,
        response: { 200: list('orgs', Org), ...V2_ERRORS },
      },
      config,
    },
    async ({ query }) => {
      const org = { name: query.org ?? DEFAULT_ORG, id: query.orgID ?? influxId('org', query.org ?? DEFAULT_ORG) };
      return { links: { self: '/api/v2/orgs' }, orgs: [{ ...org, description: '' }] };
    },
  );
}

function toBucket(bucket: string, orgID: string) {
  return { id: influxId('bucket', bucket), orgID, type: 'user', name: bucket, retentionRules: [], labels: [] };
}

function parse(text: string): z.infer<typeof BucketCreate> {
  const parsed = BucketCreate.safeParse(jsonOf(text));
  if (parsed.success) return parsed.data;
  throw new InvalidInput(z.prettifyError(parsed.error));
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InvalidInput(`failed to decode request body: ${messageOf(error)}`);
  }
}
