import { setImmediate as pause } from 'node:timers/promises';
import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import { END_OF_TIME } from '../backend.ts';
import type { SealedRows } from './sealed-rows.ts';
import type { Table } from './seals.ts';

/** Maximum number of hours that a search for the newest values reads at once. */
const MAX_STEP_HOURS = 720;

interface Sample {
  readonly timestamp: number;
  readonly value: number;
}

interface Extent {
  readonly first: number;
  last: number;
  count: number;
}

/** The newest sample of each column at or after `since`, searched backwards from the newest hour in growing steps. */
export function newestSamples(sealed: SealedRows, table: Table, device: number, since: number): Map<number, Sample> {
  const found = new Map<number, Sample>();
  let before = END_OF_TIME / HOUR_MS;
  for (let hours = 1; found.size < table.columns.length; hours = Math.min(hours * 4, MAX_STEP_HOURS)) {
    const newest = sealed.newestHour(table, device, before);
    if (newest === null || (newest + 1) * HOUR_MS <= since) break;
    before = Math.max(newest + 1 - hours, Math.floor(since / HOUR_MS));
    const window = { start: before * HOUR_MS, end: (newest + 1) * HOUR_MS };
    const { rows } = sealed.read(table, device, window, Number.POSITIVE_INFINITY);
    for (const [c, column] of rows.columns.entries()) {
      if (found.has(table.columns[c]!)) continue;
      const row = column.findLastIndex((value) => !Number.isNaN(value));
      if (row < 0 || rows.timestamps[row]! < since) continue;
      found.set(table.columns[c]!, { timestamp: rows.timestamps[row]!, value: column[row]! });
    }
  }
  return found;
}

/**
 * First and last instant and count of each column that has samples. Reads all rows, because counting without reading would not detect
 * damage, and yields to other calls between pieces.
 */
export async function extents(
  sealed: SealedRows,
  table: Table,
  device: number,
  rowsMax: number,
): Promise<Map<number, Extent>> {
  const found = new Map<number, Extent>();
  for (let from: number | null = -END_OF_TIME; from !== null; ) {
    const { rows, next } = sealed.scan(table, device, { start: from, end: END_OF_TIME }, rowsMax);
    for (const row of rows) {
      const instant = row[table.columns.length]!;
      for (const [c, number] of table.columns.entries()) if (row[c] !== null) addSample(found, number, instant);
    }
    from = next;
    await pause();
  }
  return found;
}

/** Adds a sample of a column, later than those added before. */
function addSample(found: Map<number, Extent>, number: number, instant: number): void {
  const extent = found.get(number);
  if (extent === undefined) {
    found.set(number, { first: instant, last: instant, count: 1 });
    return;
  }
  extent.last = instant;
  extent.count++;
}
