import type { DatabaseSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import type { GroupRows } from '../coalesce.ts';
import { nextId } from '../next-id.ts';
import { ChecksumMismatch } from './damage.ts';
import type { Table } from './seals.ts';

/** Maximum number of quantities of one table: SQLite allows 2,000 columns, and rows stay short in groups with many. */
const COLUMNS_PER_TABLE = 500;

const NAME_TABLES: readonly (readonly [string, readonly string[]])[] = [
  ['devices', ['id', 'name']],
  ['metric_groups', ['id', 'name']],
  ['quantities', ['metric_group', 'id', 'name']],
];
const CHECKSUM_TABLE: (typeof NAME_TABLES)[number] = ['names_checksum', ['sum']];

/** A metric group. Column `q<n>` is in table `group_<id>_<n / COLUMNS_PER_TABLE>`, whose seals are in `seals_<id>_…`. */
export interface Group {
  readonly id: number;
  readonly name: string;
  /** Quantity → column number, without gaps, since quantities are never removed. */
  readonly quantities: Map<string, number>;
}

/**
 * Names of groups, quantities and devices, and their numbers: no user-defined name becomes part of SQL. The sum of their checksums is
 * stored with them.
 */
export class TelemetryTables {
  readonly groups = new Map<string, Group>();
  readonly devices = new Map<string, number>();
  readonly #db: DatabaseSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** Creates missing tables of names. */
  create(): void {
    this.#db.exec(`
      CREATE TABLE IF NOT EXISTS devices (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
      CREATE TABLE IF NOT EXISTS metric_groups (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
      CREATE TABLE IF NOT EXISTS quantities (
        metric_group INTEGER NOT NULL, id INTEGER NOT NULL, name TEXT NOT NULL, PRIMARY KEY (metric_group, id)
      ) STRICT, WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS names_checksum (sum INTEGER NOT NULL) STRICT;
      INSERT INTO names_checksum SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM names_checksum);
    `);
  }

  /**
   * Reads the names: at first, and after a rollback.
   * @throws ChecksumMismatch when they differ from their checksum
   */
  load(): void {
    const sum = this.#read();
    const kept = this.#db.prepare('SELECT sum FROM names_checksum').all();
    if (kept.length === 1 && kept[0]?.sum === sum) return;
    throw new ChecksumMismatch('the names of devices, groups and quantities differ from their checksum');
  }

  /**
   * The first table whose columns differ from those with which it was created; null without one. The names must be loaded, as far as
   * possible.
   */
  changedTable(isSealed: boolean): string | null {
    const expected = new Map(isSealed ? [...NAME_TABLES, CHECKSUM_TABLE] : NAME_TABLES);
    for (const table of [...this.groups.values()].flatMap(tablesOf)) {
      expected.set(table.rows, ['device', 'ts', ...table.columns.map((c) => `q${c}`)]);
      if (isSealed) expected.set(table.seals, ['device', 'hour', 'rows', 'hash']);
    }
    const columns = this.#db.prepare('SELECT name FROM pragma_table_info(?) ORDER BY cid');
    for (const [table, names] of expected) {
      const found = columns.all(table).map(({ name }) => name);
      if (found.length !== names.length || found.some((name, i) => name !== names[i])) return table;
    }
    return null;
  }

  /** Creates the checksum of the names and the tables of seals, which files of format 1 lack. */
  upgrade(): void {
    this.#db.prepare('UPDATE names_checksum SET sum = ?').run(this.#read());
    for (const group of this.groups.values()) {
      for (const table of tablesOf(group)) this.#makeSeals(table);
    }
  }

  /** Creates numbers, tables and columns for new names in the rows, within the open transaction. */
  register(rows: GroupRows): Group {
    const fresh = rows.devices.filter((id) => !this.devices.has(id));
    const addDevice = this.#db.prepare('INSERT INTO devices VALUES (?, ?)');
    let freeId = fresh.length === 0 ? 0 : nextId(this.devices.values());
    for (const id of fresh) {
      addDevice.run(freeId, id);
      this.#addToSum(checksum('device', freeId, id));
      this.devices.set(id, freeId++);
    }
    const group = this.groups.get(rows.group) ?? this.#addGroup(rows.group);
    const addQuantity = this.#db.prepare('INSERT INTO quantities VALUES (?, ?, ?)');
    for (const quantity of rows.quantities) {
      if (group.quantities.has(quantity)) continue;
      const column = group.quantities.size;
      group.quantities.set(quantity, column);
      addQuantity.run(group.id, column, quantity);
      this.#addToSum(checksum(`quantity of ${group.id}`, column, quantity));
      const table = tableOf(group, column);
      // REAL, since whole numbers then take few bytes.
      if (column % COLUMNS_PER_TABLE === 0) {
        this.#db.exec(
          `CREATE TABLE ${table.rows} (device INTEGER, ts INTEGER, q${column} REAL, PRIMARY KEY (device, ts)) WITHOUT ROWID`,
        );
        this.#makeSeals(table);
      } else this.#db.exec(`ALTER TABLE ${table.rows} ADD COLUMN q${column} REAL`);
    }
    return group;
  }

  #makeSeals({ seals }: Table): void {
    this.#db.exec(
      `CREATE TABLE ${seals} (device INTEGER, hour INTEGER, rows INTEGER, hash INTEGER, PRIMARY KEY (device, hour)) WITHOUT ROWID`,
    );
  }

  #addGroup(name: string): Group {
    const id = nextId([...this.groups.values()].map((group) => group.id));
    const group = { id, name, quantities: new Map<string, number>() };
    this.#db.prepare('INSERT INTO metric_groups VALUES (?, ?)').run(group.id, name);
    this.#addToSum(checksum('group', id, name));
    this.groups.set(name, group);
    return group;
  }

  #addToSum(amount: number): void {
    this.#db.prepare('UPDATE names_checksum SET sum = (sum + ?) & 4294967295').run(amount);
  }

  /** Replaces the names in memory by those in the file; returns the sum of their checksums. */
  #read(): number {
    let sum = 0;
    this.devices.clear();
    this.groups.clear();
    for (const { id, name } of this.#db.prepare('SELECT id, name FROM devices').iterate() as Iterable<Named>) {
      this.devices.set(name, id);
      sum += checksum('device', id, name);
    }
    const byId = new Map<number, Group>();
    for (const { id, name } of this.#db.prepare('SELECT id, name FROM metric_groups').iterate() as Iterable<Named>) {
      const group = { id, name, quantities: new Map<string, number>() };
      byId.set(id, group);
      this.groups.set(name, group);
      sum += checksum('group', id, name);
    }
    const quantities = this.#db.prepare('SELECT metric_group, id, name FROM quantities ORDER BY metric_group, id');
    for (const row of quantities.iterate() as Iterable<Named & { metric_group: number }>) {
      byId.get(row.metric_group)?.quantities.set(row.name, row.id);
      sum += checksum(`quantity of ${row.metric_group}`, row.id, row.name);
    }
    return sum % 2 ** 32;
  }
}

interface Named {
  readonly id: number;
  readonly name: string;
}

function checksum(what: string, id: number, name: string): number {
  return crc32(JSON.stringify([what, id, name]));
}

/** Position of a column's table among the tables of its group. */
export function placeOf(column: number): number {
  return Math.floor(column / COLUMNS_PER_TABLE);
}

/** The table of a column. */
export function tableOf(group: Group, column: number): Table {
  return tableAt(group, placeOf(column));
}

/** All tables of a group. */
export function tablesOf(group: Group): Table[] {
  const count = Math.ceil(group.quantities.size / COLUMNS_PER_TABLE);
  return Array.from({ length: count }, (_, place) => tableAt(group, place));
}

export function tableAt({ id, quantities }: Group, place: number): Table {
  const first = place * COLUMNS_PER_TABLE;
  const count = Math.min(COLUMNS_PER_TABLE, quantities.size - first);
  const columns = Array.from({ length: count }, (_, i) => first + i);
  return { rows: `group_${id}_${place}`, seals: `seals_${id}_${place}`, columns };
}
