import type { Batch, Block } from '../../domain/columns/batch.ts';
import { type Frame, mergeRows, type Rows } from '../../domain/columns/frame.ts';
import { Unavailable } from '../../domain/errors.ts';
import { SerialQueue } from '../../domain/serial-queue.ts';
import type { Window } from '../../domain/time/window.ts';
import { asBatch } from '../apply-batches.ts';
import type {
  AggregateRequest,
  Capabilities,
  CompactionReport,
  DeviceBuckets,
  LatestValue,
  ReadRequest,
  SeriesExtent,
  StoreStats,
  TelemetryStore,
} from '../backend.ts';
import { END_OF_TIME, MAX_FRAME_ROWS } from '../backend.ts';
import { coalesce, type GroupRows } from '../coalesce.ts';
import { dropEmptyRows, splitByDevice } from '../join-rows.ts';
import { aggregatePieces } from '../sample-window.ts';
import { Catalogue, instantOf } from './catalogue.ts';
import { DEVICE_SHARDS, SHARD_BYTES } from './citus.ts';
import { Database, isPartitionMissing, type Run } from './database.ts';
import { arrayOf, encodeFloats } from './float-arrays.ts';
import type { Group } from './group.ts';
import type { PostgresOptions } from './postgres-options.ts';
import { hypertableBytes } from './timescale.ts';

/** Maximum number of values of one write statement: some megabytes. */
const VALUES_PER_INSERT = 500_000;
/** Maximum number of quantities in one statement of an overview. */
const QUANTITIES_PER_QUERY = 50;
/** Size in bytes beyond which rows are not counted: counting reads all tables. */
const MAX_COUNTED_BYTES = 256 * 2 ** 20;
const OLDEST_VERSION = 130_000;
/** SQL for the bytes of all tables of the current schema. */
const TABLE_BYTES = `select coalesce(sum(pg_total_relation_size(oid)), 0)::bigint from pg_class
  where relkind = 'r' and relname ~ '^(samples|telemetry)_' and relnamespace = current_schema()::text::regnamespace`;
const MILLISECONDS = `round(date_part('epoch', ts) * 1000)`;

/** @throws Unavailable when the server does not answer or is too old, Corrupt when the schema has another version */
export async function openPostgresStore(options: PostgresOptions): Promise<TelemetryStore> {
  const { statement_timeout_ms: statementTimeoutMs, extension } = options;
  const database = new Database(options, statementTimeoutMs);
  try {
    const [[version] = []] = await database.query(`select current_setting('server_version_num')::int`);
    if ((version as number) < OLDEST_VERSION) {
      throw new Unavailable(
        `PostgreSQL at ${database.place.name} is version ${Math.floor((version as number) / 10_000)}, and the telemetry needs 13 or newer: upgrade the server`,
      );
    }
    const catalogue = new Catalogue(database);
    await catalogue.open(extension);
    return new PostgresStore(database, catalogue);
  } catch (error) {
    await database.close();
    throw error;
  }
}

class PostgresStore implements TelemetryStore {
  readonly type = 'postgres';
  readonly capabilities: Capabilities = {
    durable: true,
    bounded: false,
    compacts: false,
    isolated: true,
    lastInstant: END_OF_TIME,
    erases: true,
  };
  readonly #database: Database;
  readonly #catalogue: Catalogue;
  /** Changes run one after the other, in the order of the calls. */
  readonly #changes = new SerialQueue();

  constructor(database: Database, catalogue: Catalogue) {
    this.#database = database;
    this.#catalogue = catalogue;
  }

  write(batches: readonly Batch[]): Promise<void> {
    // Ordering by name prevents deadlocks between nodes.
    const writes = coalesce(batches).sort((a, b) => (a.group < b.group ? -1 : 1));
    return this.#changes.run(async () => {
      try {
        await this.#writeAll(writes);
      } catch (error) {
        if (!isPartitionMissing(error)) throw error;
        // Another node dropped a month that was in this node's catalogue.
        await this.#catalogue.refresh();
        await this.#writeAll(writes);
      }
    });
  }

  async #writeAll(writes: readonly GroupRows[]): Promise<void> {
    await this.#catalogue.ensure(writes);
    await this.#database.transaction(async (run) => {
      await this.#catalogue.prepare(run);
      for (const rows of writes) await this.#insert(run, rows);
    });
  }

  async *read({ deviceIds, group: name, quantities, window }: ReadRequest): AsyncIterable<Frame> {
    const group = await this.#catalogue.find(name, quantities, deviceIds);
    for (const deviceId of deviceIds) {
      for await (const rows of this.#pieces(group, deviceId, quantities, window)) {
        const { timestamps, columns } = dropEmptyRows(rows);
        if (timestamps.length > 0) yield { deviceId, group: name, quantities, timestamps, columns };
      }
    }
  }

  async aggregate(request: AggregateRequest): Promise<DeviceBuckets[]> {
    const { deviceIds, quantities } = request;
    const group = await this.#catalogue.find(request.group, quantities, deviceIds);
    return aggregatePieces(request, (deviceId, window) => this.#pieces(group, deviceId, quantities, window));
  }

  async latest(since: number): Promise<LatestValue[]> {
    await this.#catalogue.refresh();
    const found: LatestValue[] = [];
    const devices = this.#catalogue.layout.citus
      ? `${DEVICE_SHARDS} d join telemetry_devices using (id)`
      : 'telemetry_devices d';
    for (const group of this.#catalogue.groups()) {
      for (const quantities of slices([...group.columns])) {
        // Reads backwards along the primary key, so that it stops at the newest value.
        const newest = quantities.map(
          ([, column], i) => `select name, ${i}, ${MILLISECONDS}, value from ${devices} cross join lateral
            (select ts, ${column} as value from ${group.table} where device = d.id and ts >= ${instantOf('$1')}
              and ${column} is not null order by ts desc limit 1) newest`,
        );
        for (const [deviceId, i, timestamp, value] of await this.#database.query(newest.join(' union all '), [since])) {
          const metric = `${group.name}.${quantities[i as number]?.[0]}`;
          found.push({
            deviceId: deviceId as string,
            metric,
            timestamp: timestamp as number,
            value: value as number,
          });
        }
      }
    }
    return found;
  }

  async series(): Promise<SeriesExtent[]> {
    await this.#catalogue.refresh();
    const found: SeriesExtent[] = [];
    for (const group of this.#catalogue.groups()) {
      for (const quantities of slices([...group.columns])) {
        const asked = quantities.map(([, column]) => {
          const [first, last] = ['min', 'max'].map((end) =>
            MILLISECONDS.replace('ts', `${end}(ts) filter (where ${column} is not null)`),
          );
          return `count(${column}), ${first}, ${last}`;
        });
        const sql = `select (select name from telemetry_devices where id = device), ${asked.join(', ')} from ${group.table} group by device`;
        for (const [deviceId, ...extents] of await this.#database.query(sql)) {
          for (const [i, [quantity]] of quantities.entries()) {
            const [count, first, last] = extents.slice(i * 3) as number[];
            if (!count) continue;
            const metric = `${group.name}.${quantity}`;
            found.push({ deviceId: deviceId as string, metric, first: first as number, last: last as number, count });
          }
        }
      }
    }
    return found;
  }

  deleteBefore(instant: number, name: string | null): Promise<number> {
    return this.#changes.run(async () => {
      await this.#catalogue.refresh();
      let gone = 0;
      for (const group of [...this.#catalogue.groups()]) {
        if (name === null || group.name === name) gone += await this.#catalogue.deleteBefore(group, instant);
      }
      return gone;
    });
  }

  deleteDevices(deviceIds: readonly string[]): Promise<void> {
    return this.#changes.run(async () => {
      await this.#catalogue.refresh();
      const numbers = deviceIds.flatMap((id) => this.#catalogue.device(id) ?? []);
      for (const group of [...this.#catalogue.groups()]) {
        for (const number of numbers) await this.#catalogue.deleteDevice(group, number);
      }
    });
  }

  erase(blocks: readonly Block[]): Promise<void> {
    return this.#changes.run(async () => {
      await this.#catalogue.refresh();
      await this.#database.transaction(async (run) => {
        await this.#catalogue.prepare(run);
        for (const rows of coalesce([asBatch(blocks)])) await this.#forget(run, rows);
      });
    });
  }

  async compact(): Promise<CompactionReport> {
    await this.#database.query('select');
    return { days: 0, rows: 0 };
  }

  async stats(): Promise<StoreStats> {
    await this.#catalogue.refresh();
    const { timescale, citus } = this.#catalogue.layout;
    const bytes = timescale ? hypertableBytes(timescale) : citus ? SHARD_BYTES : TABLE_BYTES;
    const [[sizeBytes] = []] = await this.#database.query(bytes);
    if ((sizeBytes as number) > MAX_COUNTED_BYTES) return { sizeBytes: sizeBytes as number, rows: null };
    let rows = 0;
    for (const { table } of this.#catalogue.groups()) {
      const [[count] = []] = await this.#database.query(`select count(*) from ${table}`);
      rows += count as number;
    }
    return { sizeBytes: sizeBytes as number, rows };
  }

  async close(): Promise<void> {
    await this.#changes.run(async () => {});
    await this.#database.close();
  }

  /** Writes rows of a group; unchanged rows cost no write. */
  async #insert(run: Run, rows: GroupRows): Promise<void> {
    const group = this.#catalogue.group(rows.group) as Group;
    const names = rows.quantities.map((quantity) => group.columns.get(quantity) as string);
    const list = names.join(', ');
    const merged = names.map((q) => `coalesce(excluded.${q}, t.${q})`);
    const values = ['d', 'ms', ...names.map((_, i) => `v${i}`)];
    const sql = `insert into ${group.table} as t (device, ts, ${list})
      select d::int, ${instantOf('ms')}, ${values.slice(2).join(', ')}
      from unnest(${values.map((_, i) => `$${i + 1}::float8[]`).join(', ')}) as u(${values.join(', ')})
      on conflict (device, ts) do update set ${names.map((q, i) => `${q} = ${merged[i]}`).join(', ')}
      where (${names.map((q) => `t.${q}`).join(', ')}) is distinct from (${merged.join(', ')})`;
    for (const part of rowsInOrder(this.#catalogue, rows)) await run(sql, part.map(encodeFloats));
  }

  /** Erases values from rows, and deletes rows without any other value. */
  async #forget(run: Run, { group: name, quantities, devices, device, timestamps, columns }: GroupRows): Promise<void> {
    const group = this.#catalogue.group(name);
    if (group === undefined) return;
    for (const [c, quantity] of quantities.entries()) {
      const column = group.columns.get(quantity);
      if (column === undefined) continue;
      const marked = columns[c]!;
      const rows = [...marked.keys()].filter((row) => marked[row] === marked[row]);
      const known = rows.filter((row) => this.#catalogue.device(devices[device[row]!]!) !== undefined);
      const ids = known.map((row) => this.#catalogue.device(devices[device[row]!]!) as number);
      const places = [ids, known.map((row) => timestamps[row]!)].map((part) => encodeFloats(Float64Array.from(part)));
      const at = `from unnest($1::float8[], $2::float8[]) as u(d, ms) where t.device = u.d::int and t.ts = ${instantOf('ms')}`;
      await run(`update ${group.table} t set ${column} = null ${at}`, places);
      const empty = [...group.columns.values()].map((other) => `t.${other} is null`).join(' and ');
      await run(
        `delete from ${group.table} t using unnest($1::float8[], $2::float8[]) as u(d, ms)
        where t.device = u.d::int and t.ts = ${instantOf('ms')} and ${empty}`,
        places,
      );
    }
  }

  /** Rows of a device in frames; each is queried when the previous one was consumed, so that nothing is buffered. */
  async *#pieces(
    group: Group | undefined,
    deviceId: string,
    quantities: readonly string[],
    { start, end }: Window,
  ): AsyncIterable<Rows> {
    const device = this.#catalogue.device(deviceId);
    const columns = quantities.map((quantity) => group?.columns.get(quantity));
    const known = [...new Set(columns.filter((column) => column !== undefined))];
    if (group === undefined || device === undefined || known.length === 0) return;
    const sql = `select ${['ts', ...known].map((column) => arrayOf(column === 'ts' ? MILLISECONDS : column)).join(', ')}
      from (select ts, ${known.join(', ')} from ${group.table}
        where device = $1 and ts >= ${instantOf('$2')} and ts < ${instantOf('$3')} order by ts limit ${MAX_FRAME_ROWS}) piece`;
    for (let from = start; from < end; ) {
      const [timestamps, ...found] = await this.#database.columns(sql, [device, from, end]);
      if (!timestamps) return;
      const missing = () => new Float64Array(timestamps.length).fill(Number.NaN);
      const valuesOf = (column: string | undefined) =>
        column === undefined ? missing() : found[known.indexOf(column)]!;
      yield { timestamps, columns: columns.map(valuesOf) };
      if (timestamps.length < MAX_FRAME_ROWS) return;
      from = timestamps[timestamps.length - 1]! + 1;
    }
  }
}

/** Rows as columns `[device, timestamp, …values]`, by device and instant, each once, in parts of at most one statement. */
function* rowsInOrder(catalogue: Catalogue, rows: GroupRows): Iterable<Float64Array[]> {
  const own = [...splitByDevice(rows.device, rows)]
    .map(([place, part]) => ({ ...mergeRows(part), device: catalogue.device(rows.devices[place]!) as number }))
    .sort((a, b) => a.device - b.device);
  const total = own.reduce((sum, { timestamps }) => sum + timestamps.length, 0);
  const joined = Array.from({ length: rows.columns.length + 2 }, () => new Float64Array(total));
  let at = 0;
  for (const { device, timestamps, columns } of own) {
    joined[0]?.fill(device, at, at + timestamps.length);
    for (const [c, column] of [timestamps, ...columns].entries()) joined[c + 1]?.set(column, at);
    at += timestamps.length;
  }
  const step = Math.max(1, Math.floor(VALUES_PER_INSERT / joined.length));
  for (let from = 0; from < total; from += step) yield joined.map((column) => column.subarray(from, from + step));
}

function* slices<T>(items: readonly T[]): Iterable<T[]> {
  for (let from = 0; from < items.length; from += QUANTITIES_PER_QUERY) {
    yield items.slice(from, from + QUANTITIES_PER_QUERY);
  }
}
