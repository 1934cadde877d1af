import { stat } from 'node:fs/promises';
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { EARLIEST_MS, LATEST_MS } from '@wattkeeper/contract/common.ts';
import { ownValue } from '@wattkeeper/contract/own-value.ts';
import { stringify } from 'yaml';
import { InvalidInput, messageOf } from '../../domain/errors.ts';
import { type Conversion, conversion } from '../../domain/units.ts';
import { HOUR_MS, MINUTE_MS } from '../../domain/window.ts';
import {
  type Entry,
  parseStatisticsMapping,
  proposeMapping,
  type StatisticsMapping,
} from './home-assistant-mapping.ts';
import type { Found, FoundReading, MigrationSource } from './source.ts';
import type { Statistic } from './statistic-proposal.ts';

export interface HomeAssistantOptions {
  /** Database of the recorder: `home-assistant_v2.db`. */
  readonly from: string;
  /** Device of what belongs to the place as a whole. */
  readonly device?: string | undefined;
  /** In place of the proposal. */
  readonly mapping?: string | undefined;
  readonly unitOf: (metric: string) => string;
}

/** Rows that are held at once; the service answers others between them. */
const ROWS_AT_ONCE = 2_000;
const MAX_STATISTICS = 100_000;
const COLUMNS = ['mean', 'min', 'max', 'state', 'sum'] as const;
type Column = (typeof COLUMNS)[number];

/** Statistics of an hour, kept for ever, and of five minutes, kept for ten days. */
const TABLES = [
  { name: 'statistics', periodMs: HOUR_MS },
  { name: 'statistics_short_term', periodMs: 5 * MINUTE_MS },
] as const;
type Table = (typeof TABLES)[number];

interface MappedStatistic extends Statistic {
  readonly metaId: number;
  readonly entry: Entry;
  readonly column: Column;
  readonly conversion: Conversion;
}

/**
 * Long-term and short-term statistics of Home Assistant's recorder (`statistics_meta`, `statistics`, `statistics_short_term`). The database is
 * only read. Where both are there, the five minutes take the place of the hours.
 * @throws InvalidInput for a file that is no such database, or a mapping that does not fit it
 */
export async function openHomeAssistant(options: HomeAssistantOptions): Promise<MigrationSource<FoundReading>> {
  const { from } = options;
  await stat(from).catch((error: unknown) => {
    throw new InvalidInput(`${from} cannot be read: ${messageOf(error)}`, { cause: error });
  });
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(from, { readOnly: true, timeout: 5000 });
    return new HomeAssistant(database, options);
  } catch (error) {
    database?.close();
    if (error instanceof InvalidInput || !isOfSqlite(error)) throw error;
    throw new InvalidInput(`${from} cannot be read as a database of Home Assistant's recorder: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

class HomeAssistant implements MigrationSource<FoundReading> {
  readonly #database: DatabaseSync;
  readonly #from: string;
  readonly #mapping: StatisticsMapping;
  readonly #statistics: readonly MappedStatistic[];
  readonly #leftOut: readonly string[];
  readonly #rows: number;
  #read = 0;

  constructor(database: DatabaseSync, { from, device, mapping, unitOf }: HomeAssistantOptions) {
    this.#database = database;
    this.#from = from;
    for (const table of ['statistics_meta', ...TABLES.map(({ name }) => name)]) this.#require(table);
    const all = this.#meta();
    this.#mapping =
      mapping === undefined ? proposeMapping(all, device) : withDevice(parseStatisticsMapping(mapping), device);
    const unknown = Object.keys(this.#mapping.statistics).find((id) => all.every((one) => one.id !== id));
    if (unknown !== undefined) throw new InvalidInput(`the mapping names "${unknown}", which ${from} does not have`);
    this.#statistics = all.flatMap((one) => {
      const entry = ownValue(this.#mapping.statistics, one.id);
      return entry ? [this.#mapped(one, entry, unitOf)] : [];
    });
    this.#leftOut = all
      .filter(({ id }) => !ownValue(this.#mapping.statistics, id))
      .map(({ id, unit }) => `${id} (${unit ?? 'no unit'})`);
    this.#rows = this.#count();
  }

  async *read(signal: AbortSignal): AsyncGenerator<readonly Found<FoundReading>[]> {
    this.#read = 0;
    for (const statistic of this.#statistics) {
      const [long, short] = TABLES;
      const until = this.#firstOf(short, statistic.metaId);
      yield* this.#rowsOf(long, statistic, until, signal);
      yield* this.#rowsOf(short, statistic, null, signal);
    }
  }

  share(): number {
    return this.#rows === 0 ? 1 : Math.min(this.#read / this.#rows, 1);
  }

  notes(): string[] {
    if (this.#leftOut.length === 0) return [];
    return [`statistics that were left out: ${this.#leftOut.join(', ')}; a mapping can name a metric for them`];
  }

  mapping(): string {
    return stringify(this.#mapping);
  }

  async close(): Promise<void> {
    this.#database.close();
  }

  /** @param until start of the first row that is not read */
  async *#rowsOf(
    table: Table,
    statistic: MappedStatistic,
    until: number | null,
    signal: AbortSignal,
  ): AsyncGenerator<readonly Found<FoundReading>[]> {
    const time = this.#timeColumn(table);
    const select = this.#database.prepare(
      // The index on (metadata_id, start) serves the order.
      `SELECT id, ${time} AS start, ${statistic.column} AS value FROM ${table.name}
       WHERE metadata_id = ? AND (${time}, id) > (?, ?) ORDER BY ${time}, id LIMIT ${ROWS_AT_ONCE}`,
    );
    const untimed = this.#database.prepare(`SELECT id FROM ${table.name} WHERE metadata_id = ? AND ${time} IS NULL`);
    yield untimed.all(statistic.metaId).map(({ id }) => ({
      where: `${table.name} ${id}, ${statistic.id}`,
      unreadable: 'it has no start',
    }));
    let after: [SQLOutputValue, SQLOutputValue] = [time === 'start' ? '' : -1e18, -1];
    for (;;) {
      signal.throwIfAborted();
      const rows = select.all(statistic.metaId, ...after);
      const last = rows.at(-1);
      if (last === undefined) return;
      after = [last.start as SQLOutputValue, last.id as SQLOutputValue];
      const wanted = until === null ? rows : rows.filter(({ start }) => !(instantOf(start) >= until));
      this.#read += wanted.length;
      yield wanted.map(({ id, start, value }) =>
        found(`${table.name} ${id}, ${statistic.id}`, statistic, table, start, value),
      );
      if (wanted.length < rows.length) return;
      await nextTurn();
    }
  }

  #firstOf(table: Table, metaId: number): number | null {
    const time = this.#timeColumn(table);
    const row = this.#database
      .prepare(`SELECT min(${time}) AS start FROM ${table.name} WHERE metadata_id = ?`)
      .get(metaId);
    return row?.start === null || row === undefined ? null : instantOf(row.start);
  }

  #meta(): (Statistic & { metaId: number })[] {
    const names = this.#columnsOf('statistics_meta').includes('name') ? 'name' : 'NULL AS name';
    const rows = this.#database
      .prepare(
        `SELECT id, statistic_id, unit_of_measurement AS unit, ${names} FROM statistics_meta ORDER BY statistic_id`,
      )
      .all();
    if (rows.length > MAX_STATISTICS) {
      throw new InvalidInput(`${this.#from} has ${rows.length} statistics; at most ${MAX_STATISTICS} are taken`);
    }
    return rows.map(({ id, statistic_id: statisticId, unit, name }) => ({
      metaId: Number(id),
      id: String(statisticId),
      unit: unit === null ? null : String(unit),
      name: name === null ? null : String(name),
    }));
  }

  #mapped(
    statistic: Statistic & { metaId: number },
    entry: Entry,
    unitOf: (metric: string) => string,
  ): MappedStatistic {
    const unit = unitOf(entry.metric);
    try {
      const factor = entry.unit === undefined ? { factor: 1, offset: 0 } : conversion(entry.unit, unit);
      return { ...statistic, entry, conversion: factor, column: entry.value ?? this.#columnOf(statistic.metaId) };
    } catch (error) {
      if (!(error instanceof InvalidInput)) throw error;
      throw new InvalidInput(`statistics.${statistic.id}.unit: ${error.message}`, { cause: error });
    }
  }

  /** The mean of what is measured; of what is counted its reading, as live values are, and the sum where nobody keeps that. */
  #columnOf(metaId: number): Column {
    const has = (column: Column) =>
      TABLES.some(({ name }) =>
        this.#database
          .prepare(`SELECT 1 FROM ${name} WHERE metadata_id = ? AND ${column} IS NOT NULL LIMIT 1`)
          .get(metaId),
      );
    return (['mean', 'state', 'sum'] as const).find(has) ?? 'mean';
  }

  #count(): number {
    const ids = this.#statistics.map(({ metaId }) => metaId).join(', ');
    const counts = TABLES.map(({ name }) =>
      this.#database.prepare(`SELECT count(*) AS rows FROM ${name} WHERE metadata_id IN (${ids})`).get(),
    );
    return counts.reduce((sum, row) => sum + Number(row?.rows), 0);
  }

  /** Recorders before 2023.3 kept the start as a text. */
  #timeColumn({ name }: Table): 'start_ts' | 'start' {
    return this.#columnsOf(name).includes('start_ts') ? 'start_ts' : 'start';
  }

  #require(table: string): void {
    if (this.#columnsOf(table).length === 0) {
      throw new InvalidInput(
        `${this.#from} has no table ${table}: give the database of Home Assistant's recorder, home-assistant_v2.db`,
      );
    }
  }

  #columnsOf(table: string): string[] {
    return this.#database
      .prepare('SELECT name FROM pragma_table_info(?)')
      .all(table)
      .map(({ name }) => String(name));
  }
}

function found(
  where: string,
  { entry, column, conversion: { factor, offset } }: MappedStatistic,
  { periodMs }: Table,
  start: SQLOutputValue | undefined,
  value: SQLOutputValue | undefined,
): Found<FoundReading> {
  const begin = instantOf(start);
  // A mean stands from the start of its period on; a counter was read at its end.
  const timestamp = column === 'state' || column === 'sum' ? begin + periodMs : begin;
  if (!(timestamp >= EARLIEST_MS && timestamp < LATEST_MS))
    return { where, unreadable: `its start "${start}" is no time` };
  if (typeof value !== 'number' || !Number.isFinite(value)) return { where, unreadable: `its ${column} is ${value}` };
  const kept = value * entry.scale * factor + offset;
  return { where, item: { device: entry.device, timestamp, values: [[entry.metric, kept]] } };
}

/** Epoch milliseconds of `start_ts` (seconds), or `start` (UTC, such as `2022-05-01 10:00:00.000000`); NaN for others. */
function instantOf(start: SQLOutputValue | undefined): number {
  if (typeof start === 'number') return Math.round(start * 1000);
  return typeof start === 'string' ? Date.parse(`${start.slice(0, 19).replace(' ', 'T')}Z`) : Number.NaN;
}

function withDevice(mapping: StatisticsMapping, device: string | undefined): StatisticsMapping {
  if (device === undefined) return mapping;
  throw new InvalidInput('a mapping names the device of each statistic: leave the device out');
}

function isOfSqlite(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ERR_SQLITE_ERROR';
}
