import type { Frame } from '../../domain/columns/frame.ts';
import { Corrupt } from '../../domain/errors.ts';
import type { OnProgress } from '../../domain/progress.ts';
import { intersect, type Window } from '../../domain/time/window.ts';
import { monthName } from '../archive/months.ts';
import type { TelemetryStore } from '../backend.ts';
import type { ArchivedMonth } from '../layers/tiered-reads.ts';
import { batchOf, type DeviceGroup, deviceGroups, readWholeDays } from '../whole-days.ts';

/** The source: `read` covers store and archive where there are archived months, `series` covers the store alone. */
export interface BackfillSource extends Pick<TelemetryStore, 'series' | 'read'> {
  readonly archivedMonths: () => Promise<readonly ArchivedMonth[]>;
}

export interface BackfillReport {
  readonly series: number;
  /** Number of compared samples of the source, all of which are now in the target. */
  readonly values: number;
  /** Number of samples that were missing or different in the target. */
  readonly written: number;
  /** Months of a metric group that were read, at least in part, from the archive. */
  readonly archivedMonths: number;
}

export interface BackfillOptions {
  readonly from: BackfillSource;
  readonly to: Pick<TelemetryStore, 'read' | 'write'>;
  readonly signal: AbortSignal;
  readonly progress: OnProgress;
}

/** Samples of one device and metric group in a time span that no other piece covers. */
interface Piece extends DeviceGroup {
  /** Label for progress: `solar 2025-03`, or the group for data from the store. */
  readonly name: string;
}

/**
 * Copies a store and its archive to another store and verifies the result. Days that the target already has are skipped, so that an
 * interrupted backfill continues; written data is read back. Samples that only the target has remain.
 * @throws Corrupt when the target returns other data than was written, or a file of the archive differs from the stored one
 */
export async function backfill({ from, to, signal, progress }: BackfillOptions): Promise<BackfillReport> {
  // In this order: a month that moves to the archive meanwhile is in both lists, and one that moves later is read from its current place.
  const stored = deviceGroups(await from.series());
  const months = await from.archivedMonths();
  const total = Math.max(sum(stored.map(({ values }) => values)) + sum(months.map(({ bytes }) => bytes)), 1);
  const seen = new Set<string>();
  let [values, written, expected] = [0, 0, 0];
  for await (const piece of piecesOf(stored, months)) {
    const before = values;
    for await (const read of readWholeDays(from, piece)) {
      signal.throwIfAborted();
      const frame = withoutEmptyColumns(read);
      written += await copy(frame, to);
      for (const quantity of frame.quantities) seen.add(`${frame.deviceId} ${frame.group}.${quantity}`);
      for (const column of frame.columns) for (const value of column) if (value === value) values++;
      progress(Math.min((expected + Math.min(values - before, piece.values)) / total, 1), piece.name);
    }
    expected += piece.values;
  }
  progress(1, '');
  return { series: seen.size, values, written, archivedMonths: months.length };
}

/** Archived months one after the other, so that each file is fetched once; then the store's data outside of them. */
async function* piecesOf(stored: readonly DeviceGroup[], months: readonly ArchivedMonth[]): AsyncGenerator<Piece> {
  for (const { group, month, bytes, holdings } of months) {
    const inStore = stored.filter((of) => of.group === group && intersect(of.window, month) !== null);
    const inArchive = await holdings();
    const quantities = [...new Set([...inArchive.quantities, ...inStore.flatMap((of) => of.quantities)])].sort();
    const devices = new Set([...inArchive.deviceIds, ...inStore.map((of) => of.deviceId)]);
    const name = `${group} ${monthName(month.start)}`;
    // An archived value takes about one byte: accurate enough for progress.
    for (const deviceId of devices) {
      yield { deviceId, group, quantities, window: month, values: bytes / devices.size, name };
    }
  }
  for (const of of stored) {
    const archived = months.filter(({ group }) => group === of.group).map(({ month }) => month);
    const span = of.window.end - of.window.start;
    for (const window of outside(of.window, archived)) {
      yield { ...of, window, values: of.values * ((window.end - window.start) / span), name: of.group };
    }
  }
}

/** The parts of a window outside of ascending spans. */
function* outside(window: Window, spans: readonly Window[]): Generator<Window> {
  let { start } = window;
  for (const span of spans) {
    if (span.start >= window.end) break;
    if (start < span.start) yield { start, end: span.start };
    start = Math.max(start, span.end);
  }
  if (start < window.end) yield { start, end: window.end };
}

/** Returns the number of values of the frame that were missing in the target. */
async function copy(frame: Frame, to: BackfillOptions['to']): Promise<number> {
  const missing = await missingIn(to, frame);
  if (missing === 0) return 0;
  await to.write([batchOf(frame)]);
  const still = await missingIn(to, frame);
  if (still === 0) return missing;
  throw new Corrupt(
    `the target does not return ${still} of the values of ${frame.deviceId} ${frame.group} that were written, around ${new Date(frame.timestamps[0]!).toISOString()}`,
  );
}

/** A device need not have every quantity of an archive file: empty ones are not created in the target. */
function withoutEmptyColumns(frame: Frame): Frame {
  const kept = frame.columns.map((column) => column.some((value) => value === value));
  return {
    ...frame,
    quantities: frame.quantities.filter((_, c) => kept[c]),
    columns: frame.columns.filter((_, c) => kept[c]),
  };
}

/** Number of a frame's values that are missing or different in a store. */
async function missingIn(store: Pick<TelemetryStore, 'read'>, frame: Frame): Promise<number> {
  const { deviceId, group, quantities, timestamps, columns } = frame;
  const window = { start: timestamps[0]!, end: (timestamps.at(-1) as number) + 1 };
  const present = columns.map(() => new Uint8Array(timestamps.length));
  let row = 0;
  for await (const found of store.read({ deviceIds: [deviceId], group, quantities, window })) {
    for (const [i, instant] of found.timestamps.entries()) {
      while (row < timestamps.length && timestamps[row]! < instant) row++;
      if (timestamps[row] !== instant) continue;
      for (const [c, column] of found.columns.entries()) {
        if (column[i] === columns[c]?.[row]) present[c]![row] = 1;
      }
    }
  }
  let missing = 0;
  for (const [c, column] of columns.entries()) {
    for (let r = 0; r < column.length; r++) if (column[r] === column[r] && present[c]?.[r] !== 1) missing++;
  }
  return missing;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
