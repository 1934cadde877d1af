import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import type { Window } from '../../domain/time/window.ts';
import type { Group } from './catalog.ts';
import type { Connection } from './engine.ts';
import { among, type Sources, single } from './scan.ts';

/** Some devices and a window that are read at once, with a bounded number of rows. */
export interface Span {
  /** Positions in the list of requested devices. */
  readonly devices: readonly number[];
  readonly window: Window;
}

/** Row counts by UTC day of one device, ascending; days without rows are omitted. */
export type RowsByDay = Map<number, number>;

/**
 * Counts the rows of devices by UTC day, recent ones first, then settled ones: rows that move meanwhile are counted twice rather than
 * never.
 */
export async function countByDay(
  connection: Connection,
  { recent, settled }: Sources,
  group: Group,
  devices: readonly number[],
  window: Window,
): Promise<Map<number, RowsByDay>> {
  const counts = new Map<number, RowsByDay>();
  const add = (device: number, day: number, rows: number) => {
    const days = counts.get(device) ?? new Map<number, number>();
    counts.set(device, days.set(day, (days.get(day) ?? 0) + rows));
  };
  const fresh = recent.within(group, devices, window);
  if (fresh.length > 0) {
    const result = await connection.query(
      `SELECT device, floor(ts / ${UTC_DAY_MS}) AS day, count(*)::DOUBLE FROM ${group.recent}
       WHERE ${among(fresh)} AND ts >= ? AND ts < ? GROUP BY ALL`,
      [...single(fresh), window.start, window.end],
    );
    const [device, day, rows] = [result.integers(0), result.doubles(1), result.doubles(2)];
    for (let i = 0; i < result.rows; i++) add(device[i]!, day[i]!, rows[i]!);
  }
  for (const device of devices) {
    const { first, rows } = await settled.heads(connection, group, device, window);
    for (const [i, instant] of first.entries()) add(device, Math.floor(instant / UTC_DAY_MS), rows[i]!);
  }
  return new Map([...counts].map(([device, days]) => [device, new Map([...days].sort(([a], [b]) => a - b))]));
}

/** Divides a request into spans: devices in their order, each device's spans in ascending time. */
export function divide(counts: readonly (RowsByDay | undefined)[], window: Window, rowsMax: number): Span[] {
  const spans: Span[] = [];
  let together: number[] = [];
  let sum = 0;
  const flush = () => {
    if (together.length > 0) spans.push({ devices: together, window });
    together = [];
    sum = 0;
  };
  for (const [position, days] of counts.entries()) {
    if (days === undefined) continue;
    let rows = 0;
    for (const count of days.values()) rows += count;
    if (sum + rows > rowsMax) flush();
    if (rows <= rowsMax) {
      together.push(position);
      sum += rows;
    } else {
      for (const part of cutWindow(days, window, rowsMax)) spans.push({ devices: [position], window: part });
    }
  }
  flush();
  return spans;
}

/** Cuts a window at midnight into parts of about `rowsMax` rows; a day with more is divided evenly. */
function cutWindow(days: RowsByDay, window: Window, rowsMax: number): Window[] {
  const cuts: number[] = [];
  let sum = 0;
  for (const [day, rows] of days) {
    if (sum > 0 && sum + rows > rowsMax) {
      cuts.push(day * UTC_DAY_MS);
      sum = 0;
    }
    const pieces = Math.ceil(rows / rowsMax);
    for (let piece = 1; piece < pieces; piece++) cuts.push(Math.round((day + piece / pieces) * UTC_DAY_MS));
    sum += pieces > 1 ? rows / pieces : rows;
  }
  const edges = [window.start, ...cuts.filter((cut) => cut > window.start && cut < window.end), window.end];
  return edges.slice(1).map((end, i) => ({ start: edges[i]!, end }));
}
