import { EARLIEST_MS, LATEST_MS } from '@wattkeeper/contract/common.ts';
import { MINUTE_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { stringify } from 'yaml';
import { InvalidInput } from '../../domain/errors.ts';
import { quoted as quotedText } from '../../outbound/foreign-text.ts';
import type { NamedBy } from '../../outbound/gate.ts';
import type { DeviceRules } from '../../sources/decode/line-protocol-device.ts';
import type { InfluxSeries } from '../../storage/influxdb/answers.ts';
import { InfluxClient } from '../../storage/influxdb/client.ts';
import type { InfluxLocation } from '../../storage/influxdb/influxdb-options.ts';
import { MARK_GROUP } from '../../storage/layers/journal-marks.ts';
import { InfluxNames } from './influxdb-mapping.ts';
import type { Found, FoundReading, MigrationSource } from './migration-ports.ts';

/** Credentials for an InfluxDB. */
export type InfluxAccess = Pick<InfluxLocation, 'username' | 'password' | 'token' | 'org'> & {
  /** The address that they are for: they are sent to no other. */
  readonly url?: string | undefined;
};

export interface InfluxOptions {
  /** `http://host:8086/database`, with `?rp=NAME` for another retention policy than that of the database. */
  readonly from: string;
  readonly access: InfluxAccess;
  /** Whether an administrator requested it: only then may it be in a private network, unless the configuration contains it too. */
  readonly byAdministrator: boolean;
  /** Replaces the names of line protocol. */
  readonly mapping?: string | undefined;
  readonly rules: DeviceRules;
  readonly unitOf: (metric: string) => string;
}

/** Window of one statement: long enough for sparse points, short enough for a server's memory. */
const WINDOW_MS = 30 * UTC_DAY_MS;
const TIMEOUT_MS = 10 * MINUTE_MS;
const MAX_MEASUREMENTS = 10_000;

interface Measurement {
  readonly name: string;
  /** Instants of its first and last point, epoch milliseconds. */
  readonly first: number;
  readonly last: number;
}

/**
 * A database of InfluxDB by InfluxQL, which 1.x, 2.x and 3.x support. It is only read.
 * @throws InvalidInput for an address without a database, Unavailable if the server does not answer
 */
export async function openInfluxDatabase(options: InfluxOptions): Promise<MigrationSource<FoundReading>> {
  const { url, ...access } = options.access;
  const place = locationOf(options.from);
  const isFor = url !== undefined && new URL(url).origin === new URL(place.url).origin;
  const location = { ...place, ...(isFor && access), timeout_ms: TIMEOUT_MS };
  const namedBy: NamedBy = options.byAdministrator ? 'administrator' : 'anyone';
  const client = new InfluxClient(location, isFor ? 'configuration' : namedBy);
  await client.connect();
  const measurements: Measurement[] = [];
  // Of the two statements that list measurements, this is the one for which 2.x respects the retention policy.
  const found = (await client.query('SHOW FIELD KEYS')).map(({ series }) => series.name);
  // Present if the database is a store of Wattkeeper.
  const names = new Set(found.filter((name) => name !== MARK_GROUP));
  if (names.size > MAX_MEASUREMENTS) {
    throw new InvalidInput(`${client.place} has ${names.size} measurements; at most ${MAX_MEASUREMENTS} are supported`);
  }
  for (const name of [...names].sort()) {
    const [first, last] = [await edgeOf(client, name, 'ASC'), await edgeOf(client, name, 'DESC')];
    if (first !== null && last !== null) measurements.push({ name, first, last });
  }
  const others = await client.policiesBeside();
  if (measurements.length === 0) {
    const hint =
      others.length > 0
        ? ` in this retention policy: add ?rp= and one of ${others.map(quotedName).join(', ')}`
        : ': is it the right one?';
    throw new InvalidInput(`the database ${client.place} has no points${hint}`);
  }
  const known = new InfluxNames(options, new Set(measurements.map(({ name }) => name)));
  return new InfluxDatabase(client, measurements, known, others);
}

class InfluxDatabase implements MigrationSource<FoundReading> {
  readonly #client: InfluxClient;
  readonly #measurements: readonly Measurement[];
  readonly #names: InfluxNames;
  readonly #others: readonly string[];
  #share = 0;
  #texts = 0;

  constructor(
    client: InfluxClient,
    measurements: readonly Measurement[],
    names: InfluxNames,
    others: readonly string[],
  ) {
    this.#client = client;
    this.#measurements = measurements;
    this.#names = names;
    this.#others = others;
  }

  async *read(signal: AbortSignal): AsyncGenerator<readonly Found<FoundReading>[]> {
    this.#texts = 0;
    for (const [i, { name, first, last }] of this.#measurements.entries()) {
      for (let start = first; start <= last; start += WINDOW_MS) {
        signal.throwIfAborted();
        const window = `time >= ${start}ms AND time < ${Math.min(start + WINDOW_MS, last + 1)}ms`;
        for await (const { series } of this.#client.stream(
          `SELECT * FROM ${quoted(name)} WHERE ${window} GROUP BY *`,
        )) {
          yield this.#found(series);
        }
        this.#share = (i + (start - first) / (last - first + 1)) / this.#measurements.length;
      }
    }
    this.#share = 1;
  }

  share(): number {
    return this.#share;
  }

  notes(): string[] {
    return [
      ...(this.#texts > 0 ? [`${this.#texts} points contain only texts and were excluded`] : []),
      ...(this.#others.length > 0
        ? [
            `other retention policies were not read: ${this.#others.map(quotedName).join(', ')}; ?rp=NAME after the database selects one`,
          ]
        : []),
      ...this.#names.notes(),
    ];
  }

  mapping(): string {
    return stringify(this.#names.mapping());
  }

  async close(): Promise<void> {}

  #found({ name, tags = {}, columns, values }: InfluxSeries): Found<FoundReading>[] {
    const fields = this.#names.fieldsOf(name, tags, columns.slice(1));
    if (fields === null) return [];
    const series = [name, ...Object.entries(tags).map(([tag, value]) => `${tag}=${value}`)].join(',');
    const found: Found<FoundReading>[] = [];
    for (const [time, ...cells] of values) {
      const timestamp = Math.floor(Number(time));
      const where = `${series} ${new Date(timestamp).toISOString()}`;
      const readings: [string, number][] = [];
      for (const [c, cell] of cells.entries()) {
        const value = typeof cell === 'boolean' ? Number(cell) : cell;
        const field = fields.mapped[c];
        if (typeof value === 'number' && field) readings.push([field.metric, value * field.factor + field.offset]);
      }
      if (readings.length === 0) this.#texts++;
      else if (!(timestamp >= EARLIEST_MS && timestamp < LATEST_MS))
        found.push({ where, unreadable: 'its time is before 1970 or after 2199' });
      else found.push({ where, item: { device: fields.device, timestamp, values: readings } });
    }
    return found;
  }
}

async function edgeOf(client: InfluxClient, measurement: string, order: 'ASC' | 'DESC'): Promise<number | null> {
  const [found] = await client.query(`SELECT * FROM ${quoted(measurement)} ORDER BY time ${order} LIMIT 1`);
  const time = found?.series.values[0]?.[0];
  return time === undefined ? null : Math.floor(Number(time));
}

function locationOf(from: string): Pick<InfluxLocation, 'url' | 'database' | 'retention_policy'> {
  const url = URL.canParse(from) ? new URL(from) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new InvalidInput('FROM must be an address with a database, such as http://localhost:8086/home');
  }
  if (url.username !== '' || url.password !== '') {
    throw new InvalidInput('FROM must not contain a user or a password: set migration.influxdb');
  }
  if ([...url.searchParams.keys()].some((name) => name !== 'rp')) {
    throw new InvalidInput('FROM may have ?rp=NAME for a retention policy and nothing else after the database');
  }
  const parts = url.pathname.split('/').filter((part) => part !== '');
  const database = decoded(parts.pop());
  if (database === null) {
    throw new InvalidInput(`FROM must be an address with a database, such as ${url.origin}/home; got ${url.origin}`);
  }
  const retentionPolicy = url.searchParams.get('rp') ?? undefined;
  return { url: [url.origin, ...parts].join('/'), database, retention_policy: retentionPolicy };
}

function decoded(part: string | undefined): string | null {
  try {
    return part === undefined ? null : decodeURIComponent(part);
  } catch {
    return null;
  }
}

/** A name given by another server, for a message. */
function quotedName(name: string): string {
  return quotedText(name).slice(0, 100);
}

function quoted(name: string): string {
  return `"${name.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}
