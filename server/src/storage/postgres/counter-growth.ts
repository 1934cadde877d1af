import { MINUTE_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import type { DecidedDay } from '../../domain/counters/decided-days.ts';
import type { Window } from '../../domain/time/window.ts';
import type { PostgresSettings } from '../records/records-options.ts';
import { Database, type Run } from './database.ts';

/**
 * Table in which the SQL functions look up the growth of counters on days on which it is not the difference of their samples. A day has its
 * pieces; a day without growth has a piece of length zero.
 */
export const GROWTH_TABLE = `create table if not exists telemetry_growth (device text not null, day integer not null, piece integer not null,
  opens timestamptz not null, closes timestamptz not null, kwh float8 not null, primary key (device, day, piece))`;

/** Decided days of one device. */
export interface DecidedSpan {
  readonly device: string;
  /** Whole UTC days. */
  readonly window: Window;
  /** Days of the window to keep; all others of the window are deleted. */
  readonly days: readonly DecidedDay[];
}

const TIMEOUT_MS = MINUTE_MS;

/**
 * Replaces the decided days of windows, one after the other, and deletes those of all other devices.
 * @param devices all devices to keep
 * @throws Unavailable when the server does not answer
 */
export async function writeGrowth(
  location: PostgresSettings,
  devices: readonly string[],
  spans: AsyncIterable<DecidedSpan>,
): Promise<void> {
  const connection = new Database({ ...location, max_connections: 2 }, TIMEOUT_MS);
  try {
    await connection.query('delete from telemetry_growth where device <> all($1::text[])', [devices]);
    for await (const span of spans) await connection.transaction((run) => replace(run, span));
  } finally {
    await connection.close();
  }
}

async function replace(run: Run, { device, window, days }: DecidedSpan): Promise<void> {
  const [from, to] = [window.start / UTC_DAY_MS, window.end / UTC_DAY_MS];
  await run('delete from telemetry_growth where device = $1 and day >= $2 and day < $3', [device, from, to]);
  const rows = days.flatMap(({ day, growth }) => {
    const pieces = growth.length > 0 ? growth : [{ start: day * UTC_DAY_MS, end: day * UTC_DAY_MS, amount: 0 }];
    return pieces.map((piece, n) => ({ ...piece, day, n }));
  });
  if (rows.length === 0) return;
  const instants = (of: readonly number[]) => of.map((at) => new Date(at).toISOString());
  await run(
    `insert into telemetry_growth select $1, u.* from unnest($2::int[], $3::int[], $4::timestamptz[], $5::timestamptz[], $6::float8[]) as u`,
    [
      device,
      rows.map(({ day }) => day),
      rows.map(({ n }) => n),
      instants(rows.map(({ start }) => start)),
      instants(rows.map(({ end }) => end)),
      rows.map(({ amount }) => amount),
    ],
  );
}
