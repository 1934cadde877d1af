import { Corrupt, InvalidInput } from '../../domain/errors.ts';
import type { GroupRows } from '../coalesce.ts';
import { nextId } from '../next-id.ts';
import {
  changeInSequence,
  commitOnDisk,
  DEVICE_SHARDS,
  distributeCatalogue,
  distributedTablesOf,
  distributeSamples,
} from './citus.ts';
import { GROWTH_TABLE } from './counter-growth.ts';
import type { Database, Run } from './database.ts';
import {
  EXTENSIONS,
  type Extension,
  type ExtensionChoice,
  type ExtensionName,
  type Extensions,
  findExtensions,
  isRecent,
} from './extension.ts';
import { type Group, makeGroup, quote, suffixOf, tableName } from './group.ts';
import { kpiFunctions } from './kpi-functions.ts';
import { MACHINES_TABLE } from './machine-terms.ts';
import { monthName, monthOfPartition, monthStart, monthsOf } from './months.ts';
import {
  continuousMeans,
  deleteMeans,
  dropChunks,
  hypertablesOf,
  liftDecompressionLimit,
  makeHypertable,
} from './timescale.ts';

/** Version of the tables; a schema with another version is rejected. */
const FORMAT = 1;
/** The views of means, and their steps in seconds. */
const VIEWS = { '1min': 60, '15min': 900, '1h': 3600, '1d': 86_400 };

interface Names {
  readonly groups: Map<string, Group>;
  readonly devices: ReadonlyMap<string, number>;
}

/** The extension that manages the tables of a schema, if any. */
type Layout =
  | { readonly timescale: Extension; readonly citus: null }
  | { readonly timescale: null; readonly citus: Extension | null };

/**
 * SQL for an instant from epoch milliseconds as `float8`. A product of whole numbers is exact, and the expression does not depend on the
 * session's time zone, so that any node may compute it.
 */
export const instantOf = (milliseconds: string) =>
  `((timestamp 'epoch' + ${milliseconds}::float8 * interval '1 millisecond') at time zone 'UTC')`;

/** Names and their numbers in the database. Another node may add to it at any time. */
export class Catalogue {
  readonly #database: Database;
  #names: Names = { groups: new Map(), devices: new Map() };
  #refreshes = 0;
  /** Number of the refresh that `#names` is from. */
  #refreshed = 0;

  #layout: Layout = { timescale: null, citus: null };

  constructor(database: Database) {
    this.#database = database;
  }

  get layout(): Layout {
    return this.#layout;
  }

  /** The first statements of a transaction that changes rows. */
  async prepare(run: Run): Promise<void> {
    if (this.#layout.timescale) await liftDecompressionLimit(run);
    if (this.#layout.citus) await commitOnDisk(run);
  }

  async #prepareTables(run: Run): Promise<void> {
    await this.prepare(run);
    if (this.#layout.citus) await changeInSequence(run);
  }

  /**
   * Creates the schema if missing.
   * @throws InvalidInput when an extension is configured and cannot be used
   */
  async open(extension: ExtensionChoice): Promise<void> {
    const { schema } = this.#database.place;
    const extensions = await this.#database.transaction(async (run) => {
      await lock(run, schema);
      return findExtensions(run, extension, this.#database.place);
    });
    await this.#database.transaction(async (run) => {
      await lock(run, schema);
      await this.#refuseOtherFormat(run);
      const [[missing] = []] = await run('select to_regnamespace($1) is null', [quote(schema)]);
      if (missing) await run(`create schema ${quote(schema)}`);
      await run(`create table if not exists telemetry_format (version integer primary key)`);
      await run(`insert into telemetry_format select ${FORMAT} where not exists (select from telemetry_format)`);
      await run(`create table if not exists telemetry_devices (id integer primary key, name text not null unique)`);
      await run(`create table if not exists telemetry_groups (id integer primary key, name text not null unique)`);
      await run(`create table if not exists telemetry_quantities (
        metric_group integer, id integer, name text not null, primary key (metric_group, id), unique (metric_group, name))`);
      await run(MACHINES_TABLE);
      await run(GROWTH_TABLE);
      for (const definition of kpiFunctions(quote(schema))) await run(definition);
    });
    await this.#chooseLayout(extension, extensions);
    await this.refresh();
  }

  /** Checked before anything in the schema is changed. */
  async #refuseOtherFormat(run: Run): Promise<void> {
    const { schema, name } = this.#database.place;
    const [[exists] = []] = await run('select to_regclass($1) is not null', [`${quote(schema)}.telemetry_format`]);
    if (!exists) return;
    const versions = (await run('select version from telemetry_format order by 1')).map(([version]) => version);
    if (versions.length === 1 && versions[0] === FORMAT) return;
    throw new Corrupt(
      `the telemetry in schema "${schema}" of PostgreSQL at ${name} has format ${versions.join(', ') || 'none'}, this program reads ${FORMAT}: use the program that wrote it, or another schema`,
    );
  }

  /** A schema keeps the layout of its first table. */
  async #chooseLayout(choice: ExtensionChoice, { timescaledb, citus }: Extensions): Promise<void> {
    const { schema, name } = this.#database.place;
    this.#layout = await this.#database.transaction(async (run) => {
      await lock(run, schema);
      const groups = await run(`select id, name from telemetry_groups`);
      const tables = groups.map(([id, group]) => tableName(id as number, group as string));
      if (timescaledb && this.#fits(choice, 'timescaledb', timescaledb, tables, await hypertablesOf(run, schema))) {
        return { timescale: timescaledb, citus: null };
      }
      if (citus === null) {
        const [[isDistributed] = []] = await run('select to_regclass($1) is not null', [DEVICE_SHARDS]);
        if (!isDistributed) return { timescale: null, citus };
        throw new InvalidInput(
          `the schema "${schema}" of PostgreSQL at ${name} is distributed by Citus: set extension to citus or auto, or use another schema`,
        );
      }
      const distributed = await distributedTablesOf(run, schema);
      if (!this.#fits(choice, 'citus', citus, tables, distributed)) return { timescale: null, citus: null };
      await distributeCatalogue(run, distributed);
      return { timescale: null, citus };
    });
  }

  /** Whether an extension can manage the tables; some may be managed already. */
  #fits(
    choice: ExtensionChoice,
    name: ExtensionName,
    { version }: Extension,
    tables: readonly string[],
    own: ReadonlySet<string>,
  ): boolean {
    const { place } = this.#database;
    const { title, oldest } = EXTENSIONS[name];
    const isOther = tables.some((table) => !own.has(table));
    if (!isOther && isRecent(version, oldest)) return true;
    if (choice === 'auto') return false;
    throw new InvalidInput(
      isOther
        ? `the schema "${place.schema}" of PostgreSQL at ${place.name} has tables without ${title}: use another schema and fill it with backfill`
        : `${title} at ${place.name} is version ${version}, and ${oldest} or newer is needed`,
    );
  }

  /** Loads the additions of other nodes. */
  async refresh(): Promise<void> {
    const number = ++this.#refreshes;
    const names = await this.#database.transaction((run) => load(run, this.#layout));
    // Of concurrent refreshes, the last to start is the newest.
    if (number < this.#refreshed) return;
    this.#refreshed = number;
    this.#names = names;
  }

  groups(): Iterable<Group> {
    return this.#names.groups.values();
  }

  /** A group and the columns of some of its quantities; queries the database for unknown ones. */
  async find(name: string, quantities: readonly string[], devices: readonly string[]): Promise<Group | undefined> {
    const known = this.#names.groups.get(name);
    const all =
      known && quantities.every((q) => known.columns.has(q)) && devices.every((d) => this.#names.devices.has(d));
    if (!all) await this.refresh();
    return this.#names.groups.get(name);
  }

  group(name: string): Group | undefined {
    return this.#names.groups.get(name);
  }

  device(name: string): number | undefined {
    return this.#names.devices.get(name);
  }

  /** Creates devices, tables, columns and partitions for rows. One node at a time does so. */
  async ensure(writes: readonly GroupRows[]): Promise<void> {
    if (writes.every((rows) => this.#covers(rows))) return;
    await this.#database.transaction(async (run) => {
      await lock(run, this.#database.place.schema);
      await this.#prepareTables(run);
      const names = await load(run, this.#layout);
      const devices = [...new Set(writes.flatMap((rows) => rows.devices))].filter((id) => !names.devices.has(id));
      const freeId = nextId(names.devices.values());
      await run(
        `insert into telemetry_devices select $2::int + place - 1, name from unnest($1::text[]) with ordinality as n(name, place)`,
        [devices, freeId],
      );
      if (this.#layout.citus) {
        await run(
          `insert into ${DEVICE_SHARDS} select $1::int + place from generate_series(0, $2::int - 1) as n(place)`,
          [freeId, devices.length],
        );
      }
      for (const rows of writes) await extend(run, names.groups, rows, this.#layout);
    });
    await this.refresh();
  }

  /** Deletes rows before an instant: whole months with their partition. Returns their number. */
  async deleteBefore(group: Group, instant: number): Promise<number> {
    if (this.#layout.timescale) return this.#deleteChunks(this.#layout.timescale, group, instant);
    const gone = await this.#database.transaction(async (run) => {
      await this.#prepareTables(run);
      await run(`lock table ${group.table} in access exclusive mode`);
      let rows = 0;
      for (const [name] of await run(PARTITIONS, [group.table])) {
        const partition = quote(name as string);
        const month = monthOfPartition(name as string);
        if (monthStart(month) >= instant) continue;
        if (monthStart(month + 1) <= instant) {
          rows += Number((await run(`select count(*) from ${partition}`))[0]?.[0]);
          await run(`drop table ${partition}`);
        } else {
          const deleted = `with gone as (delete from ${partition} where ts < ${instantOf('$1')} returning 1) select count(*) from gone`;
          rows += Number((await run(deleted, [instant]))[0]?.[0]);
        }
      }
      return rows;
    });
    await this.refresh();
    return gone;
  }

  /**
   * Deletes the rows of a device in a group, and its materialised means. One month after the other, so that no statement takes long. The
   * number of the device is not used again: another device must not inherit leftovers.
   */
  async deleteDevice(group: Group, device: number): Promise<void> {
    const { timescale } = this.#layout;
    const spans =
      group.months === null
        ? [null]
        : [...group.months].map((month) => [monthStart(month), monthStart(month + 1)] as const);
    for (const span of spans) {
      await this.#database.transaction(async (run) => {
        await this.prepare(run);
        const within =
          span === null ? '' : ` and ts >= ${instantOf(`'${span[0]}'`)} and ts < ${instantOf(`'${span[1]}'`)}`;
        await run(`delete from ${group.table} where device = $1${within}`, [device]);
      });
    }
    if (timescale === null) return;
    await this.#database.transaction(async (run) => {
      for (const name of Object.keys(VIEWS))
        await deleteMeans(run, this.#database.place.schema, meansName(group, name), device);
    });
  }

  #deleteChunks(timescale: Extension, group: Group, instant: number): Promise<number> {
    const before = instantOf(`'${instant}'`);
    return this.#database.transaction(async (run) => {
      await this.prepare(run);
      const [[rows] = []] = await run(`select count(*) from ${group.table} where ts < ${before}`);
      await dropChunks(run, timescale, group.table, before);
      await run(`delete from ${group.table} where ts < ${before}`);
      return Number(rows);
    });
  }

  #covers({ group: name, quantities, devices, timestamps }: GroupRows): boolean {
    const group = this.#names.groups.get(name);
    if (group === undefined || !devices.every((id) => this.#names.devices.has(id))) return false;
    if (!quantities.every((q) => group.columns.has(q))) return false;
    return group.months === null || [...monthsOf(timestamps)].every((m) => group.months?.has(m));
  }
}

const PARTITIONS =
  'select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = $1::text::regclass order by 1';

/** Creates what the rows of a group need, and adds the group to `groups`. */
async function extend(
  run: Run,
  groups: Map<string, Group>,
  rows: GroupRows,
  { timescale, citus }: Layout,
): Promise<void> {
  let group = groups.get(rows.group);
  if (group === undefined) {
    const id = nextId(Array.from(groups.values(), (other) => other.id));
    group = makeGroup(id, rows.group, new Map(), timescale ? null : []);
    groups.set(rows.group, group);
    await run('insert into telemetry_groups values ($1, $2)', [group.id, group.name]);
    // The key's order serves the most frequent query: one device over a window. Other months are pruned by their bounds, so that an index
    // over time alone would add nothing.
    const parted = timescale ? '' : ' partition by range (ts)';
    await run(`create table ${group.table} (device integer, ts timestamptz, primary key (device, ts))${parted}`);
    if (timescale) await makeHypertable(run, timescale, group.table);
    if (citus) await distributeSamples(run, group.table);
  }
  const { quantities } = group;
  const added = rows.quantities.filter((quantity) => !quantities.has(quantity));
  if (added.length > 0) {
    const freeId = nextId(quantities.values());
    const numbered = added.map((quantity, i) => [quantity, freeId + i] as const);
    const grown = makeGroup(group.id, group.name, new Map([...quantities, ...numbered]), group.months);
    const columns = added.map((quantity) => `add column ${grown.columns.get(quantity)} double precision`);
    await run(`alter table ${group.table} ${columns.join(', ')}`);
    await run(
      `insert into telemetry_quantities select $1::int, $2::int + place - 1, name from unnest($3::text[]) with ordinality as n(name, place)`,
      [group.id, freeId, added],
    );
    for (const [name, seconds] of Object.entries(VIEWS)) await makeMeans(run, grown, name, seconds, timescale);
  }
  for (const month of group.months === null ? [] : monthsOf(rows.timestamps)) {
    if (group.months?.has(month)) continue;
    const [from, to] = [month, month + 1].map((m) => instantOf(`'${monthStart(m)}'`));
    const partition = quote(`${tableName(group.id, group.name)}$${monthName(month)}`);
    await run(`create table ${partition} partition of ${group.table} for values from (${from}) to (${to})`);
  }
}

async function load(run: Run, { timescale }: Layout): Promise<Names> {
  const devices = new Map<string, number>();
  for (const [id, name] of await run('select id, name from telemetry_devices')) {
    devices.set(name as string, id as number);
  }
  const quantities = new Map<number, Map<string, number>>();
  for (const [group, id, name] of await run('select metric_group, id, name from telemetry_quantities order by id')) {
    const sharing = quantities.get(group as number) ?? new Map<string, number>();
    quantities.set(group as number, sharing.set(name as string, id as number));
  }
  const groups = new Map<string, Group>();
  for (const [id, name] of await run('select id, name from telemetry_groups order by id')) {
    const table = quote(tableName(id as number, name as string));
    const partitions = timescale ? null : await run(PARTITIONS, [table]);
    const months = partitions?.map(([partition]) => monthOfPartition(partition as string)) ?? null;
    groups.set(
      name as string,
      makeGroup(id as number, name as string, quantities.get(id as number) ?? new Map(), months),
    );
  }
  return { groups, devices };
}

/** Waits until no other node changes the catalogue; released with the transaction. */
async function lock(run: Run, schema: string): Promise<void> {
  await run(`select pg_advisory_xact_lock(hashtextextended('wattkeeper telemetry ' || $1, 0))`, [schema]);
}

async function makeMeans(
  run: Run,
  group: Group,
  name: string,
  seconds: number,
  timescale: Extension | null,
): Promise<void> {
  if (timescale === null) {
    await run(meanView(group, name, seconds));
    return;
  }
  const columns = [...group.columns.values()];
  const view = quote(`avg_${name}_${suffixOf(group.id, group.name)}`);
  const means = quote(meansName(group, name));
  await continuousMeans(run, timescale, means, group.table, columns, seconds);
  await run(`create view ${view} as select d.name as device, m.ts${columns.map((column) => `, m.${column}`).join('')}
    from ${means} m join telemetry_devices d on d.id = m.device`);
}

/** The materialised view of means with TimescaleDB. */
function meansName({ id, name }: Group, step: string): string {
  return `means_${step}_${suffixOf(id, name)}`;
}

/** Means of the samples within a step that starts at `ts`, steps counted from 1970 in UTC. */
function meanView(group: Group, name: string, seconds: number): string {
  const means = [...group.columns.values()].map((column) => `, avg(s.${column}) as ${column}`).join('');
  const step = `to_timestamp(floor(date_part('epoch', s.ts) / ${seconds}) * ${seconds})`;
  return `create or replace view ${quote(`avg_${name}_${suffixOf(group.id, group.name)}`)} as
    select d.name as device, ${step} as ts${means}
    from ${group.table} s join telemetry_devices d on d.id = s.device group by s.device, d.name, ${step}`;
}
