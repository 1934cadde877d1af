import { ADDRESS, SECRET } from '@wattkeeper/contract/access/secret.ts';
import { z } from 'zod';
import { FilePath } from '../../domain/file-path.ts';
import { isNeverConnected } from '../../outbound/addresses.ts';
import { Host, NEVER_CONNECTED, Port } from '../../outbound/server-address.ts';

/** A PostgreSQL address may also name its host as a parameter. */
function namesNeverConnected(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { hostname, searchParams } = new URL(url);
  return [hostname, ...searchParams.getAll('host')].some(isNeverConnected);
}

const PostgresUrl = z
  .string()
  .regex(/^postgres(ql)?:\/\//, 'must be an address such as postgres://user:password@host:5432/database')
  .refine((url) => URL.canParse(url), 'must be an address such as postgres://user:password@host:5432/database')
  .refine((url) => !/[?&]options=/.test(url), 'must not set options: use the separate setting for the schema')
  .refine((url) => !namesNeverConnected(url), NEVER_CONNECTED)
  .meta(ADDRESS);

/** Connection to a PostgreSQL server, for records and telemetry. */
export const PostgresConnection = z.strictObject({
  url: PostgresUrl.optional().describe('In place of host, port, database, user, password and tls'),
  host: Host.default('localhost'),
  port: Port.default(5432),
  database: z.string().min(1).default('wattkeeper'),
  user: z.string().min(1).default('wattkeeper'),
  password: z.string().meta(SECRET).optional(),
  tls: z.boolean().default(false).describe("Encrypt, and check the server's certificate"),
  max_connections: z.number().int().min(2).max(1000).default(10),
});

export const PostgresSchema = z
  .string()
  .regex(/^[a-z_][a-z0-9_]{0,62}$/, 'must be a name of small letters, digits and _');

/** A schema of a PostgreSQL database and its connection. */
export type PostgresSettings = z.output<typeof PostgresConnection> & { readonly schema: string };

const SqliteRecords = z.strictObject({
  type: z.literal('sqlite').describe('A file; the default'),
  path: FilePath.optional().describe('Default: wattkeeper.db in data_dir'),
});

export const PostgresRecords = z.strictObject({
  type: z.literal('postgres').describe('PostgreSQL 13 or newer, which several nodes can share'),
  ...PostgresConnection.shape,
  schema: PostgresSchema.default('wattkeeper').describe('Created where it is missing'),
});

/** The store of sites, devices, tariffs, users and other records, as in the configuration. */
export const RecordsOptions = z.discriminatedUnion('type', [SqliteRecords, PostgresRecords]);

/** A SQLite file, created with its folder if missing; `:memory:` stores everything in memory. */
export interface SqliteLocation {
  readonly type: 'sqlite';
  readonly path: string;
}
export type PostgresLocation = z.input<typeof PostgresRecords>;

/** The location of the records. */
export type RecordsLocation = SqliteLocation | PostgresLocation;
