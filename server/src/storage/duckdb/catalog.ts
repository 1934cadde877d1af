import { Corrupt } from '../../domain/errors.ts';
import type { GroupRows } from '../coalesce.ts';
import { nextId } from '../next-id.ts';
import { Appender, CHUNK_ROWS } from './appender.ts';
import type { Connection } from './engine.ts';

/** Version of the tables; a file with another version is rejected. */
const FORMAT = 1;

/** A metric group: its names and its two tables. Columns are `q0`, `q1`, … in the order in which quantities appeared. */
export interface Group {
  readonly id: number;
  readonly name: string;
  /** Rows in order of arrival: `ts`, `device`, then a DOUBLE per quantity. An instant may occur several times. */
  readonly recent: string;
  /** Closed days of a device in packed cells: `device`, `first_ts`, `last_ts`, `rows`, `extents`, `ts`, then a BLOB per quantity. */
  readonly settled: string;
  /** Quantity → column number. */
  readonly quantities: Map<string, number>;
}

/** Number of columns of a recent and a settled table before those of the quantities. */
export const RECENT_HEAD = 2;
export const SETTLED_HEAD = 6;

const MAX_COLUMNS_PER_TRANSACTION = 32;

/**
 * Names of groups, quantities and devices, and their numbers. Names are any Unicode, and DuckDB folds the case of its identifiers, so no
 * user-defined name becomes part of SQL.
 */
export class Catalog {
  #groups = new Map<string, Group>();
  #devices = new Map<string, number>();
  #deviceIds: string[] = [];

  get groups(): ReadonlyMap<string, Group> {
    return this.#groups;
  }

  /** Device id → number. */
  get devices(): ReadonlyMap<string, number> {
    return this.#devices;
  }

  /** Number → device id. */
  get deviceIds(): readonly string[] {
    return this.#deviceIds;
  }

  static async load(connection: Connection): Promise<Catalog> {
    await makeCatalogue(connection);
    const catalog = new Catalog();
    await catalog.#read(connection);
    return catalog;
  }

  /** Replaces the names in memory by those in the database. Running iterations keep the previous names. */
  async #read(connection: Connection): Promise<void> {
    const devices = await connection.run('SELECT id, name FROM devices');
    const groups = await connection.run('SELECT id, name FROM metric_groups');
    const quantities = await connection.run('SELECT metric_group, id, name FROM quantities');
    this.#devices = new Map();
    this.#deviceIds = [];
    this.#groups = new Map();
    const deviceNames = devices.texts(1);
    for (const [row, id] of devices.integers(0).entries()) this.#addDevice(deviceNames[row]!, id);
    const groupNames = groups.texts(1);
    const byId = new Map<number, Group>();
    for (const [row, id] of groups.integers(0).entries()) {
      const group = makeGroup(id, groupNames[row]!);
      byId.set(id, group);
      this.#groups.set(group.name, group);
    }
    const ids = quantities.integers(1);
    const names = quantities.texts(2);
    for (const [row, group] of quantities.integers(0).entries())
      byId.get(group)?.quantities.set(names[row]!, ids[row]!);
  }

  /**
   * Creates tables, columns and numbers for the new names of a write. The catalogue and the tables change atomically, in transactions of
   * few columns: a transaction copies the whole table for each column that it adds.
   */
  async register(connection: Connection, writes: readonly GroupRows[]): Promise<void> {
    const devices = [...new Set(writes.flatMap((write) => write.devices.filter((id) => !this.#devices.has(id))))];
    const additions = this.#additionsOf(writes);
    if (devices.length === 0 && additions.length === 0) return;
    try {
      await connection.transaction(async () => {
        this.#insertDevices(connection, devices);
        for (const addition of additions) if (addition.isNew) await makeTables(connection, addition);
      });
      for (const { group, isNew, columns } of additions) {
        const added = isNew ? [] : [...columns];
        for (let from = 0; from < added.length; from += MAX_COLUMNS_PER_TRANSACTION) {
          const part = new Map(added.slice(from, from + MAX_COLUMNS_PER_TRANSACTION));
          await connection.transaction(() => addColumns(connection, group, part));
        }
      }
    } catch (error) {
      // A commit that reports a failure may have taken effect.
      await this.#read(connection);
      throw error;
    }
    for (const id of devices) this.#addDevice(id, this.#deviceIds.length);
    for (const { group, columns } of additions) {
      this.#groups.set(group.name, group);
      for (const [quantity, column] of columns) group.quantities.set(quantity, column);
    }
  }

  #additionsOf(writes: readonly GroupRows[]): Addition[] {
    let freeId = nextId([...this.#groups.values()].map(({ id }) => id));
    const additions: Addition[] = [];
    for (const { group: name, quantities } of writes) {
      const known = this.#groups.get(name);
      const fresh = quantities.filter((quantity) => !known?.quantities.has(quantity));
      if (known !== undefined && fresh.length === 0) continue;
      const group = known ?? makeGroup(freeId++, name);
      // Table columns are in the order of their numbers, without gaps.
      const columns = new Map(fresh.map((quantity, i) => [quantity, group.quantities.size + i]));
      additions.push({ group, isNew: known === undefined, columns });
    }
    return additions;
  }

  #insertDevices(connection: Connection, ids: readonly string[]): void {
    if (ids.length === 0) return;
    const next = this.#deviceIds.length;
    const encoder = new TextEncoder();
    const appender = new Appender(connection, 'devices');
    for (let from = 0; from < ids.length; from += CHUNK_ROWS) {
      const part = ids.slice(from, from + CHUNK_ROWS);
      appender.integers(
        0,
        Int32Array.from(part, (_, i) => next + from + i),
        0,
        part.length,
      );
      appender.bytes(
        1,
        part.map((id) => encoder.encode(id)),
      );
      appender.append(part.length);
    }
    appender.close();
  }

  #addDevice(name: string, id: number): void {
    this.#devices.set(name, id);
    this.#deviceIds[id] = name;
  }
}

/**
 * Creates the tables of names in a new database, in one transaction.
 * @throws Corrupt for a database of another program or of an unknown version, which is not changed
 */
async function makeCatalogue(connection: Connection): Promise<void> {
  const found = await connection.run(
    'SELECT table_name FROM duckdb_tables() WHERE database_name = current_database() ORDER BY 1',
  );
  const tables = found.texts(0);
  if (tables.length === 0) {
    await connection.transaction(async () => {
      await connection.run(`
        CREATE TABLE format (version INTEGER NOT NULL);
        INSERT INTO format VALUES (${FORMAT});
        CREATE TABLE devices (id INTEGER NOT NULL, name VARCHAR NOT NULL);
        CREATE TABLE metric_groups (id INTEGER NOT NULL, name VARCHAR NOT NULL);
        CREATE TABLE quantities (metric_group INTEGER NOT NULL, id INTEGER NOT NULL, name VARCHAR NOT NULL);
      `);
    });
    return;
  }
  if (['format', 'devices', 'metric_groups', 'quantities'].some((name) => !tables.includes(name))) {
    throw new Corrupt(
      `the database belongs to another program (tables: ${tables.slice(0, 5).join(', ')}): it was not changed; move it away, or configure another path`,
    );
  }
  const versions = (await connection.run('SELECT version FROM format')).integers(0);
  if (versions.length === 1 && versions[0] === FORMAT) return;
  throw new Corrupt(
    `the telemetry database has format ${versions.join(', ') || 'none'}, this version of Wattkeeper reads ${FORMAT}: open it with the version that wrote it, or move it away`,
  );
}

/** Quantities that a write adds to a group, with their column numbers. */
interface Addition {
  readonly group: Group;
  readonly isNew: boolean;
  readonly columns: ReadonlyMap<string, number>;
}

function makeGroup(id: number, name: string): Group {
  return { id, name, recent: `recent_${id}`, settled: `settled_${id}`, quantities: new Map() };
}

async function makeTables(connection: Connection, { group, columns }: Addition): Promise<void> {
  const typed = (type: string) => Array.from(columns.values(), (column) => `, q${column} ${type}`).join('');
  await connection.query('INSERT INTO metric_groups VALUES (?, ?)', [group.id, group.name]);
  await connection.run(`CREATE TABLE ${group.recent} (ts DOUBLE, device INTEGER${typed('DOUBLE')})`);
  await connection.run(
    `CREATE TABLE ${group.settled} (device INTEGER, first_ts DOUBLE, last_ts DOUBLE, rows INTEGER, extents BLOB, ts BLOB${typed('BLOB')})`,
  );
  await insertQuantities(connection, group, columns);
}

async function addColumns(connection: Connection, group: Group, columns: Addition['columns']): Promise<void> {
  for (const column of columns.values()) {
    await connection.run(`ALTER TABLE ${group.recent} ADD COLUMN q${column} DOUBLE`);
    await connection.run(`ALTER TABLE ${group.settled} ADD COLUMN q${column} BLOB`);
  }
  await insertQuantities(connection, group, columns);
}

async function insertQuantities(connection: Connection, { id }: Group, columns: Addition['columns']): Promise<void> {
  for (const [quantity, column] of columns) {
    await connection.query('INSERT INTO quantities VALUES (?, ?, ?)', [id, column, quantity]);
  }
}
