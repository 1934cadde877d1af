import { stat } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { HOUR_MS, MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import { InvalidInput, messageOf } from '../../domain/errors.ts';
import type { Statistic } from './statistic-proposal.ts';

/** Rows per query; the service answers other requests in between. */
const ROWS_AT_ONCE = 2_000;
const MAX_STATISTICS = 100_000;

export type Column = 'mean' | 'min' | 'max' | 'state' | 'sum';

/** Hourly statistics, stored permanently, and five-minute statistics, stored for ten days. */
export const LONG_TERM = { name: 'statistics', periodMs: HOUR_MS } as const;
export const SHORT_TERM = { name: 'statistics_short_term', periodMs: 5 * MINUTE_MS } as const;
export type Table = typeof LONG_TERM | typeof SHORT_TERM;

/** A statistic and its id in the other tables. */
export interface RecordedStatistic extends Statistic {
  readonly metaId: number;
}

export interface Row {
  readonly id: number;
  /** Epoch milliseconds; NaN for an invalid time. */
  readonly start: number;
  readonly values: Readonly<Record<Column, number | null>>;
}

/** A database of Home Assistant's recorder, opened read-only. */
export class RecorderDatabase {
  readonly #database: DatabaseSync;
  readonly path: string;

  private constructor(database: DatabaseSync, path: string) {
    this.#database = database;
    this.path = path;
    for (const table of ['statistics_meta', LONG_TERM.name, SHORT_TERM.name]) this.#require(table);
  }

  /** @throws InvalidInput for a file that is not such a database */
  static async open(path: string): Promise<RecorderDatabase> {
    await stat(path).catch((error: unknown) => {
      throw new InvalidInput(`${path} cannot be read: ${messageOf(error)}`, { cause: error });
    });
    let database: DatabaseSync | undefined;
    try {
      database = new DatabaseSync(path, { readOnly: true, timeout: 5000 });
      return new RecorderDatabase(database, path);
    } catch (error) {
      database?.close();
      throw explained(path, error);
    }
  }

  /** All statistics, in the order of their ids. */
  statistics(): RecordedStatistic[] {
    const names = this.#columnsOf('statistics_meta').includes('name') ? 'name' : 'NULL AS name';
    const rows = this.#database
      .prepare(
        `SELECT id, statistic_id, unit_of_measurement AS unit, ${names} FROM statistics_meta ORDER BY statistic_id`,
      )
      .all();
    if (rows.length > MAX_STATISTICS)
      throw new InvalidInput(`${this.path} has ${rows.length} statistics; at most ${MAX_STATISTICS} are supported`);
    return rows.map(({ id, statistic_id: statisticId, unit, name }) => ({
      metaId: Number(id),
      id: String(statisticId),
      unit: unit === null ? null : String(unit),
      name: name === null ? null : String(name),
    }));
  }

  /** Whether a statistic has any value in a column. */
  has(metaId: number, column: Column): boolean {
    return [LONG_TERM, SHORT_TERM].some(({ name }) =>
      this.#database
        .prepare(`SELECT 1 FROM ${name} WHERE metadata_id = ? AND ${column} IS NOT NULL LIMIT 1`)
        .get(metaId),
    );
  }

  /** Number of rows of these statistics in both tables. */
  count(metaIds: readonly number[]): number {
    const counts = [LONG_TERM, SHORT_TERM].map(({ name }) =>
      this.#database.prepare(`SELECT count(*) AS rows FROM ${name} WHERE metadata_id IN (${metaIds.join(', ')})`).get(),
    );
    return counts.reduce((sum, row) => sum + Number(row?.rows), 0);
  }

  /** Start of the first row, epoch ms, or null. */
  firstOf(table: Table, metaId: number): number | null {
    const time = this.#timeOf(table);
    const row = this.#database
      .prepare(`SELECT min(${time}) AS start FROM ${table.name} WHERE metadata_id = ?`)
      .get(metaId);
    return row?.start === null || row === undefined ? null : Number(row.start) * 1000;
  }

  /** Ids of rows without a start. */
  untimed(table: Table, metaId: number): number[] {
    const select = `SELECT id FROM ${table.name} WHERE metadata_id = ? AND ${this.#timeOf(table)} IS NULL`;
    return this.#database
      .prepare(select)
      .all(metaId)
      .map(({ id }) => Number(id));
  }

  /** The rows of a statistic in the order of their starts, in bounded pieces. */
  async *rows(table: Table, metaId: number, signal?: AbortSignal): AsyncGenerator<readonly Row[]> {
    const time = this.#timeOf(table);
    const select = this.#database.prepare(
      // Uses the index on metadata_id; it is also in this order if every row has start_ts.
      `SELECT id, ${time} AS start, mean, min, max, state, sum FROM ${table.name}
       WHERE metadata_id = ? AND (${time}, id) > (?, ?) ORDER BY ${time}, id LIMIT ${ROWS_AT_ONCE}`,
    );
    let after: [number, number] = [-1e18, -1];
    for (;;) {
      signal?.throwIfAborted();
      const rows = select.all(metaId, ...after);
      const last = rows.at(-1);
      if (last === undefined) return;
      after = [Number(last.start), Number(last.id)];
      yield rows.map(({ id, start, mean, min, max, state, sum }) => ({
        id: Number(id),
        start: Math.round(Number(start) * 1000),
        values: {
          mean: numberOf(mean),
          min: numberOf(min),
          max: numberOf(max),
          state: numberOf(state),
          sum: numberOf(sum),
        },
      }));
      await nextTurn();
    }
  }

  close(): void {
    this.#database.close();
  }

  /**
   * Seconds since 1970. Recorders before 2023.3 stored the start as a text in UTC, newer ones store a number in another column, and the migration
   * between them converts the table row by row: a database may have either in each row.
   */
  #timeOf({ name }: Table): string {
    const columns = this.#columnsOf(name);
    const parts = [
      ...(columns.includes('start_ts') ? ['start_ts'] : []),
      ...(columns.includes('start') ? ['unixepoch(start)'] : []),
    ];
    return parts.length > 1 ? `coalesce(${parts.join(', ')})` : (parts[0] ?? 'NULL');
  }

  #require(table: string): void {
    if (this.#columnsOf(table).length === 0) {
      throw new InvalidInput(
        `${this.path} has no table ${table}; required is the database of Home Assistant's recorder, home-assistant_v2.db`,
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

function numberOf(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}

function explained(path: string, error: unknown): unknown {
  if (error instanceof InvalidInput || (error as NodeJS.ErrnoException).code !== 'ERR_SQLITE_ERROR') return error;
  return new InvalidInput(`${path} cannot be read as a database of Home Assistant's recorder: ${messageOf(error)}`, {
    cause: error,
  });
}
