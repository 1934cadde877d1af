import { DatabaseSync } from 'node:sqlite';

/** A row of `statistics` or `statistics_short_term`. */
export interface StatisticRow {
  /** Epoch seconds. */
  readonly start: number | null;
  readonly mean?: number;
  readonly state?: number | null;
  readonly sum?: number | null;
  /** Its start is a string, as recorders wrote before 2023.3: it is not yet migrated to `start_ts`. */
  readonly textual?: boolean;
}

export interface RecorderSeries {
  readonly id: string;
  readonly unit: string | null;
  readonly name?: string;
  readonly hourly?: readonly StatisticRow[];
  readonly fiveMinutes?: readonly StatisticRow[];
}

const STATISTICS = (time: string) => `(
  id INTEGER NOT NULL PRIMARY KEY, created DATETIME, created_ts FLOAT, metadata_id INTEGER, ${time},
  mean FLOAT, mean_weight FLOAT, min FLOAT, max FLOAT, last_reset DATETIME, last_reset_ts FLOAT, state FLOAT, sum FLOAT,
  FOREIGN KEY(metadata_id) REFERENCES statistics_meta (id) ON DELETE CASCADE)`;

/**
 * A database as Home Assistant's recorder makes it, with the tables and columns of its schema 50 (homeassistant/components/recorder/db_schema.py,
 * release 2025.6).
 * @param textual as before 2023.3: starts are strings
 */
export function writeRecorderDatabase(path: string, series: readonly RecorderSeries[], textual = false): void {
  const database = new DatabaseSync(path);
  const time = textual ? 'start DATETIME' : 'start DATETIME, start_ts FLOAT';
  database.exec(`
    CREATE TABLE statistics_meta (
      id INTEGER NOT NULL PRIMARY KEY, statistic_id VARCHAR(255), source VARCHAR(32), unit_of_measurement VARCHAR(255),
      has_mean BOOLEAN, has_sum BOOLEAN, name VARCHAR(255), mean_type INTEGER NOT NULL DEFAULT 0);
    CREATE TABLE statistics ${STATISTICS(time)};
    CREATE TABLE statistics_short_term ${STATISTICS(time)};
    CREATE UNIQUE INDEX ix_statistics_statistic_id_start_ts ON statistics (metadata_id, ${textual ? 'start' : 'start_ts'});
    BEGIN`);
  const meta = database.prepare(
    "INSERT INTO statistics_meta (statistic_id, source, unit_of_measurement, has_mean, has_sum, name) VALUES (?, 'recorder', ?, ?, ?, ?)",
  );
  for (const { id, unit, name = null, hourly = [], fiveMinutes = [] } of series) {
    const isCounter = hourly.some(({ sum }) => sum !== undefined);
    const { lastInsertRowid } = meta.run(id, unit, Number(!isCounter), Number(isCounter), name);
    for (const [table, rows] of [
      ['statistics', hourly],
      ['statistics_short_term', fiveMinutes],
    ] as const) {
      const insert = database.prepare(
        `INSERT INTO ${table} (metadata_id, start, ${textual ? '' : 'start_ts, '}mean, state, sum) VALUES (?, ?, ${textual ? '' : '?, '}?, ?, ?)`,
      );
      for (const { start, mean = null, state = null, sum = null, textual: isText = textual } of rows) {
        const text =
          start === null ? null : `${new Date(start * 1000).toISOString().slice(0, 19).replace('T', ' ')}.000000`;
        const times = textual ? [text] : [isText ? text : null, isText ? null : start];
        insert.run(lastInsertRowid, ...times, mean, state, sum);
      }
    }
  }
  database.exec('COMMIT');
  database.close();
}
