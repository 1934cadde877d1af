import { Corrupt } from '../../domain/errors.ts';
import type { GroupRows } from '../coalesce.ts';
import { Appender, CHUNK_ROWS } from './appender.ts';
import type { Connection } from './engine.ts';

/** Version of the tables; a file with another one is refused. */
const FORMAT = 1;

/** A metric group: its names and its two tables. Columns are `q0`, `q1`, … in the order in which quantities appeared. */
export interface Group {
  readonly id: number;
  readonly name: string;
  /** Rows as they came: `ts`, `device`, then a DOUBLE per quantity. May hold an instant several times. */
  readonly recent: string;
  /** Closed days of a device in packed cells: `device`, `first_ts`, `last_ts`, `rows`, `extents`, `ts`, then a BLOB per quantity. */
  readonly settled: string;
  /** Quantity → number of its column. */
  readonly quantities: Map<string, number>;
}

/** Columns of a recent and a settled table before those of the quantities. */
export const RECENT_HEAD = 2;
export const SETTLED_HEAD = 6;

/**
 * Names of groups, quantities and devices and the numbers that stand for them. Names are any Unicode, and DuckDB folds the case
 * of its identifiers, so that no name of a user becomes part of SQL.
 */
export class Catalog {
  readonly groups = new Map<string, Group>();
  /** Device id → number. */
  readonly devices = new Map<string, number>();
  /** Number → device id. */
  readonly deviceIds: string[] = [];

  static async load(connection: Connection): Promise<Catalog> {
    await connection.run(`
      CREATE TABLE IF NOT EXISTS format (version INTEGER NOT NULL);
      CREATE TABLE IF NOT EXISTS devices (id INTEGER NOT NULL, name VARCHAR NOT NULL);
      CREATE TABLE IF NOT EXISTS metric_groups (id INTEGER NOT NULL, name VARCHAR NOT NULL);
      CREATE TABLE IF NOT EXISTS quantities (metric_group INTEGER NOT NULL, id INTEGER NOT NULL, name VARCHAR NOT NULL);
      INSERT INTO format SELECT ${FORMAT} WHERE NOT EXISTS (FROM format);
    `);
    const version = (await connection.run('SELECT version FROM format')).integers(0)[0];
    if (version !== FORMAT) {
      throw new Corrupt(
        `the telemetry database has format ${version}, this program reads ${FORMAT}: open it with the program that wrote it, or move it away`,
      );
    }
    const catalog = new Catalog();
    const devices = await connection.run('SELECT id, name FROM devices');
    const deviceNames = devices.texts(1);
    for (const [row, id] of devices.integers(0).entries()) catalog.#addDevice(deviceNames[row] as string, id);
    const groups = await connection.run('SELECT id, name FROM metric_groups');
    const groupNames = groups.texts(1);
    for (const [row, id] of groups.integers(0).entries()) catalog.#addGroup(groupNames[row] as string, id);
    const byId = new Map([...catalog.groups.values()].map((group) => [group.id, group]));
    const quantities = await connection.run('SELECT metric_group, id, name FROM quantities');
    const ids = quantities.integers(1);
    const names = quantities.texts(2);
    for (const [row, group] of quantities.integers(0).entries()) {
      byId.get(group)?.quantities.set(names[row] as string, ids[row] as number);
    }
    return catalog;
  }

  /** Makes tables, columns and numbers for whatever a write names for the first time, in a transaction of its own. */
  async register(connection: Connection, writes: readonly GroupRows[]): Promise<void> {
    const devices = new Set<string>();
    const quantities = new Map<string, Set<string>>();
    for (const write of writes) {
      for (const id of write.devices) if (!this.devices.has(id)) devices.add(id);
      const known = this.groups.get(write.group)?.quantities;
      const fresh = write.quantities.filter((quantity) => !known?.has(quantity));
      if (fresh.length > 0 || known === undefined) quantities.set(write.group, new Set(fresh));
    }
    if (devices.size === 0 && quantities.size === 0) return;
    const groupIds = new Map(
      [...quantities.keys()].map((name, i) => [name, this.groups.get(name)?.id ?? this.#freeId(i)]),
    );
    await connection.transaction(async () => {
      this.#insertDevices(connection, [...devices]);
      for (const [name, fresh] of quantities) {
        await this.#makeColumns(connection, name, groupIds.get(name) as number, [...fresh]);
      }
    });
    for (const id of devices) this.#addDevice(id, this.deviceIds.length);
    for (const [name, fresh] of quantities) {
      const group = this.groups.get(name) ?? this.#addGroup(name, groupIds.get(name) as number);
      for (const quantity of fresh) group.quantities.set(quantity, group.quantities.size);
    }
  }

  /** The n-th id that is not taken by a group. */
  #freeId(n: number): number {
    return this.groups.size + n;
  }

  #insertDevices(connection: Connection, ids: readonly string[]): void {
    if (ids.length === 0) return;
    const next = this.deviceIds.length;
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

  async #makeColumns(connection: Connection, name: string, id: number, fresh: readonly string[]): Promise<void> {
    const known = this.groups.get(name);
    const next = known?.quantities.size ?? 0;
    const { recent, settled } = tablesOf(id);
    if (known === undefined) {
      const columns = (type: string) => fresh.map((_, i) => `, q${next + i} ${type}`).join('');
      await connection.query('INSERT INTO metric_groups VALUES (?, ?)', [id, name]);
      await connection.run(`CREATE TABLE ${recent} (ts DOUBLE, device INTEGER${columns('DOUBLE')})`);
      await connection.run(
        `CREATE TABLE ${settled} (device INTEGER, first_ts DOUBLE, last_ts DOUBLE, rows INTEGER, extents BLOB, ts BLOB${columns('BLOB')})`,
      );
    }
    for (const [i, quantity] of fresh.entries()) {
      if (known !== undefined) {
        await connection.run(`ALTER TABLE ${recent} ADD COLUMN q${next + i} DOUBLE`);
        await connection.run(`ALTER TABLE ${settled} ADD COLUMN q${next + i} BLOB`);
      }
      await connection.query('INSERT INTO quantities VALUES (?, ?, ?)', [id, next + i, quantity]);
    }
  }

  #addDevice(name: string, id: number): void {
    this.devices.set(name, id);
    this.deviceIds[id] = name;
  }

  #addGroup(name: string, id: number): Group {
    const group = { id, name, ...tablesOf(id), quantities: new Map<string, number>() };
    this.groups.set(name, group);
    return group;
  }
}

function tablesOf(id: number): { recent: string; settled: string } {
  return { recent: `recent_${id}`, settled: `settled_${id}` };
}
