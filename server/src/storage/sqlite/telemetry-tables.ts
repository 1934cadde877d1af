import type { DatabaseSync } from 'node:sqlite';
import type { GroupRows } from '../coalesce.ts';
import { nextId } from '../next-id.ts';

/** Quantities of one table: SQLite allows 2,000 columns, and rows stay short where a group has many. */
export const COLUMNS_PER_TABLE = 500;

/** A metric group. Column `q<n>` lies in table `group_<id>_<n / COLUMNS_PER_TABLE>`. */
export interface Group {
  readonly id: number;
  readonly name: string;
  /** Quantity → number of its column. */
  readonly quantities: Map<string, number>;
}

/** Names of groups, quantities and devices and the numbers that stand for them: no name of a user becomes part of SQL. */
export class TelemetryTables {
  readonly groups = new Map<string, Group>();
  readonly devices = new Map<string, number>();
  readonly #db: DatabaseSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
    db.exec(`
      CREATE TABLE IF NOT EXISTS devices (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
      CREATE TABLE IF NOT EXISTS metric_groups (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
      CREATE TABLE IF NOT EXISTS quantities (
        metric_group INTEGER NOT NULL, id INTEGER NOT NULL, name TEXT NOT NULL, PRIMARY KEY (metric_group, id)
      ) STRICT, WITHOUT ROWID;
    `);
    this.load();
  }

  /** Reads the names again: after a transaction was rolled back. */
  load(): void {
    this.devices.clear();
    this.groups.clear();
    for (const { id, name } of this.#db.prepare('SELECT id, name FROM devices').iterate() as Iterable<Named>) {
      this.devices.set(name, id);
    }
    const byId = new Map<number, Group>();
    for (const { id, name } of this.#db.prepare('SELECT id, name FROM metric_groups').iterate() as Iterable<Named>) {
      const group = { id, name, quantities: new Map<string, number>() };
      byId.set(id, group);
      this.groups.set(name, group);
    }
    const quantities = this.#db.prepare('SELECT metric_group, id, name FROM quantities');
    for (const row of quantities.iterate() as Iterable<Named & { metric_group: number }>) {
      byId.get(row.metric_group)?.quantities.set(row.name, row.id);
    }
  }

  /** Makes numbers, tables and columns for what rows name for the first time, within the open transaction. */
  register(rows: GroupRows): Group {
    const fresh = rows.devices.filter((id) => !this.devices.has(id));
    const addDevice = this.#db.prepare('INSERT INTO devices VALUES (?, ?)');
    let freeId = fresh.length === 0 ? 0 : nextId(this.devices.values());
    for (const id of fresh) {
      addDevice.run(freeId, id);
      this.devices.set(id, freeId++);
    }
    const group = this.groups.get(rows.group) ?? this.#addGroup(rows.group);
    const addQuantity = this.#db.prepare('INSERT INTO quantities VALUES (?, ?, ?)');
    for (const quantity of rows.quantities) {
      if (group.quantities.has(quantity)) continue;
      const column = group.quantities.size;
      // REAL, as values with a whole number then take few bytes.
      if (column % COLUMNS_PER_TABLE === 0) {
        this.#db.exec(
          `CREATE TABLE ${tableOf(group, column)} (device INTEGER, ts INTEGER, q${column} REAL, PRIMARY KEY (device, ts)) WITHOUT ROWID`,
        );
      } else this.#db.exec(`ALTER TABLE ${tableOf(group, column)} ADD COLUMN q${column} REAL`);
      addQuantity.run(group.id, column, quantity);
      group.quantities.set(quantity, column);
    }
    return group;
  }

  #addGroup(name: string): Group {
    const id = nextId([...this.groups.values()].map((group) => group.id));
    const group = { id, name, quantities: new Map<string, number>() };
    this.#db.prepare('INSERT INTO metric_groups VALUES (?, ?)').run(group.id, name);
    this.groups.set(name, group);
    return group;
  }
}

interface Named {
  readonly id: number;
  readonly name: string;
}

/** The table that a column lies in. */
export function tableOf(group: Group, column: number): string {
  return `group_${group.id}_${Math.floor(column / COLUMNS_PER_TABLE)}`;
}

/** All tables of a group. */
export function tablesOf(group: Group): string[] {
  const count = Math.ceil(group.quantities.size / COLUMNS_PER_TABLE);
  return Array.from({ length: count }, (_, i) => tableOf(group, i * COLUMNS_PER_TABLE));
}
