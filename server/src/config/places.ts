import { resolve } from 'node:path';
import { ADDRESS, SECRET } from '@wattkeeper/contract/access/secret.ts';
import { MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import { TimeZone } from '@wattkeeper/contract/site.ts';
import { z } from 'zod';
import { pathFault } from '../domain/file-path.ts';
import { isNeverConnected } from '../outbound/addresses.ts';

export const Port = z.number().int().min(0).max(65535);
export const Bytes = z.number().int().positive();

/** A folder or file of this machine; relative ones begin at the working folder. */
export const FilePath = z
  .string()
  .min(1)
  .superRefine((path, context) => {
    const fault = pathFault(path);
    if (fault !== null) context.addIssue({ code: 'custom', message: fault });
  })
  .transform((path) => resolve(path));

const NEVER_CONNECTED =
  'must not be a link-local, unspecified, multicast, reserved or metadata address, which are never connected';

/** Address of a server that has settings for the user and the password. */
export const HttpUrl = z
  .url({ protocol: /^https?$/, error: 'must be an address such as http://localhost:8086' })
  .refine((url) => {
    const { username, password } = new URL(url);
    return username === '' && password === '';
  }, 'must not hold a user or a password: they have settings of their own')
  .meta(ADDRESS);

/** Address of a server that is connected to. */
export const ServerUrl = HttpUrl.refine((url) => !isNeverConnected(new URL(url).hostname), NEVER_CONNECTED);

/** A PostgreSQL address may name its host as a parameter, too. */
function namesNeverConnected(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { hostname, searchParams } = new URL(url);
  return [hostname, ...searchParams.getAll('host')].some(isNeverConnected);
}

const PostgresUrl = z
  .string()
  .regex(/^postgres(ql)?:\/\//, 'must be an address such as postgres://user:password@host:5432/database')
  .refine((url) => URL.canParse(url), 'must be an address such as postgres://user:password@host:5432/database')
  .refine((url) => !/[?&]options=/.test(url), 'must not set options: the schema has a setting of its own')
  .refine((url) => !namesNeverConnected(url), NEVER_CONNECTED)
  .meta(ADDRESS);

/** How to reach a PostgreSQL server. */
const PostgresConnection = {
  url: PostgresUrl.optional().describe('In place of host, port, database, user, password and tls'),
  host: z
    .string()
    .min(1)
    .refine((host) => !isNeverConnected(host), NEVER_CONNECTED)
    .default('localhost'),
  port: Port.default(5432),
  database: z.string().min(1).default('wattkeeper'),
  user: z.string().min(1).default('wattkeeper'),
  password: z.string().meta(SECRET).optional(),
  tls: z.boolean().default(false).describe("Encrypt, and check the server's certificate"),
  max_connections: z.number().int().min(2).max(1000).default(10),
};

/** How long a store may give no sign of life before its questions go elsewhere. */
const readTimeout = (defaultMs: number) =>
  z
    .number()
    .int()
    .min(100)
    .max(3_600_000)
    .default(defaultMs)
    .describe('While it neither answers nor shows that it is alive for this long, the store is not used');
const SERVER_TIMEOUT_MS = 5_000;
const EMBEDDED_TIMEOUT_MS = MINUTE_MS;

const PostgresSchema = z.string().regex(/^[a-z_][a-z0-9_]{0,62}$/, 'must be a name of small letters, digits and _');

/** A store in `stores:`; the first is read from, all are written to. */
export const StoreConfig = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('duckdb').describe('Embedded column store; the default'),
    name: z.string().min(1).default('duckdb'),
    path: FilePath.optional().describe('Default: telemetry.duckdb in data_dir'),
    read_timeout_ms: readTimeout(EMBEDDED_TIMEOUT_MS),
    memory_limit_mb: z.number().int().min(64).optional().describe('Default: a quarter of the machine, at most 1024'),
  }),
  z.strictObject({
    type: z.literal('sqlite').describe('Embedded row store for small machines'),
    name: z.string().min(1).default('sqlite'),
    path: FilePath.optional().describe('Default: telemetry.sqlite in data_dir'),
    read_timeout_ms: readTimeout(EMBEDDED_TIMEOUT_MS),
  }),
  z.strictObject({
    type: z.literal('memory').describe('Nothing survives a restart'),
    name: z.string().min(1).default('memory'),
    max_bytes: Bytes.default(256 * 1024 * 1024),
  }),
  z.strictObject({
    type: z.literal('file').describe('Gzip JSON, one file a day, beside the records of older installations'),
    name: z.string().min(1).default('file'),
    path: FilePath.optional().describe('Folder; default: telemetry-files in data_dir'),
    retention_days: z
      .number()
      .int()
      .min(1)
      .nullable()
      .default(null)
      .describe(
        'Files of days are removed this many days after the day and after the last write to them; null keeps them. Records of older installations always stay',
      ),
    timezone: TimeZone.default('UTC').describe('Zone of the times in records of older installations'),
    device: z
      .string()
      .min(1)
      .optional()
      .describe('Id of the device of these records; default: their system.inverter_serial, else Inverter'),
    read_timeout_ms: readTimeout(EMBEDDED_TIMEOUT_MS),
  }),
  z.strictObject({
    type: z.literal('postgres').describe('PostgreSQL 13 or newer, which several nodes and other programs can share'),
    name: z.string().min(1).default('postgres'),
    ...PostgresConnection,
    schema: PostgresSchema.default('wattkeeper_telemetry').describe('Made where it is missing'),
    extension: z
      .enum(['auto', 'timescaledb', 'citus', 'none'])
      .default('auto')
      .describe('auto: TimescaleDB or Citus where the database has it'),
    statement_timeout_ms: z.number().int().min(100).max(3_600_000).default(60_000),
    read_timeout_ms: readTimeout(SERVER_TIMEOUT_MS),
  }),
  z.strictObject({
    type: z.literal('influxdb').describe('An existing InfluxDB 1.x, 2.x or 3.x'),
    name: z.string().min(1).default('influxdb'),
    url: ServerUrl.describe('Address of the server, such as http://localhost:8086'),
    database: z.string().min(1).default('wattkeeper').describe('Database or bucket, made where it is missing'),
    retention_policy: z.string().min(1).optional().describe('1.x and 2.x; default: that of the database'),
    username: z.string().min(1).optional(),
    password: z.string().meta(SECRET).optional(),
    token: z.string().min(1).meta(SECRET).optional().describe('2.x and 3.x: may read and write the bucket'),
    org: z.string().min(1).optional().describe('2.x'),
    timeout_ms: z.number().int().min(100).max(3_600_000).default(60_000),
    read_timeout_ms: readTimeout(SERVER_TIMEOUT_MS),
  }),
]);
export type StoreConfig = z.infer<typeof StoreConfig>;

/** Where sites, devices, tariffs, users and the like are kept. */
export const RecordsConfig = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('sqlite').describe('A file; the default'),
    path: FilePath.optional().describe('Default: wattkeeper.db in data_dir'),
  }),
  z.strictObject({
    type: z.literal('postgres').describe('PostgreSQL 13 or newer, which several nodes can share'),
    ...PostgresConnection,
    schema: PostgresSchema.default('wattkeeper').describe('Made where it is missing'),
  }),
]);
export type RecordsConfig = z.infer<typeof RecordsConfig>;

const Prefix = z
  .string()
  .regex(/^([^/]+\/)*$/, 'must end in / and not begin with it, such as wattkeeper/house/')
  .default('')
  .describe('Stands before every key');

/** Whether no setting of a connection string is an address that is never connected. */
function isConnected(connectionString: string): boolean {
  const values = connectionString.split(';').map((setting) => setting.slice(setting.indexOf('=') + 1).trim());
  return !values.some((value) => URL.canParse(value) && isNeverConnected(new URL(value).hostname));
}

/** Where archived months are kept. */
export const ArchiveStoreConfig = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('local').describe('A folder, also of a network drive'),
    folder: FilePath.optional().describe('Default: archive/objects in data_dir'),
  }),
  z.strictObject({
    type: z.literal('s3').describe('A bucket of S3, or of anything that speaks its protocol'),
    bucket: z.string().min(1),
    region: z.string().min(1).default('us-east-1'),
    endpoint: ServerUrl.optional().describe('Of another provider than AWS'),
    access_key_id: z.string().min(1).optional().describe("Default: the machine's own credentials"),
    secret_access_key: z.string().min(1).meta(SECRET).optional(),
    prefix: Prefix,
  }),
  z.strictObject({
    type: z.literal('gcs').describe('A bucket of Google Cloud Storage'),
    bucket: z.string().min(1),
    key_file: z.string().min(1).optional().describe("JSON file of a service account; default: the machine's own"),
    endpoint: ServerUrl.optional().describe('Of another server'),
    prefix: Prefix,
  }),
  z.strictObject({
    type: z.literal('azure').describe('A container of Azure Blob Storage'),
    container: z.string().min(1),
    connection_string: z.string().min(1).refine(isConnected, NEVER_CONNECTED).meta(SECRET),
    prefix: Prefix,
  }),
]);
export type ArchiveStoreConfig = z.infer<typeof ArchiveStoreConfig>;
