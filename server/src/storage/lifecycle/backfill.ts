import { Corrupt } from '../../domain/errors.ts';
import type { Frame } from '../../domain/frame.ts';
import type { TelemetryStore } from '../backend.ts';
import { batchOf, deviceGroups, readWholeDays } from './whole-days.ts';

export interface BackfillReport {
  readonly series: number;
  /** Samples of the source that were looked at: all of them are in the target now. */
  readonly values: number;
  /** Those that were not there before, or had another value. */
  readonly written: number;
}

export interface BackfillOptions {
  readonly from: Pick<TelemetryStore, 'series' | 'read'>;
  readonly to: Pick<TelemetryStore, 'read' | 'write'>;
  readonly signal: AbortSignal;
  readonly progress: (share: number) => void;
}

/**
 * Copies what a store holds into another one, and makes sure of it: days that the target has already are passed over, so that a
 * backfill that was cut off goes on where it was; what is written is read back. Samples that only the target has stay.
 * @throws Corrupt when the target does not give back what it was given
 */
export async function backfill({ from, to, signal, progress }: BackfillOptions): Promise<BackfillReport> {
  const series = await from.series();
  const total = series.reduce((sum, { count }) => sum + count, 0);
  let values = 0;
  let written = 0;
  for (const group of deviceGroups(series)) {
    for await (const frame of readWholeDays(from, group)) {
      signal.throwIfAborted();
      const missing = await missingIn(to, frame);
      if (missing > 0) {
        await to.write([batchOf(frame)]);
        const still = await missingIn(to, frame);
        if (still > 0) {
          throw new Corrupt(
            `the target does not give back ${still} of the values of ${group.deviceId} ${group.group} that were written, around ${new Date(frame.timestamps[0] as number).toISOString()}`,
          );
        }
      }
      written += missing;
      for (const column of frame.columns) for (const value of column) if (value === value) values++;
      progress(total === 0 ? 1 : Math.min(values / total, 1));
    }
  }
  return { series: series.length, values, written };
}

/** How many of a frame's values a store lacks, or has otherwise. */
async function missingIn(store: Pick<TelemetryStore, 'read'>, frame: Frame): Promise<number> {
  const { deviceId, group, quantities, timestamps, columns } = frame;
  const window = { start: timestamps[0] as number, end: (timestamps.at(-1) as number) + 1 };
  const present = columns.map(() => new Uint8Array(timestamps.length));
  let row = 0;
  for await (const found of store.read({ deviceIds: [deviceId], group, quantities, window })) {
    for (const [i, instant] of found.timestamps.entries()) {
      while (row < timestamps.length && (timestamps[row] as number) < instant) row++;
      if (timestamps[row] !== instant) continue;
      for (const [c, column] of found.columns.entries()) {
        if (column[i] === columns[c]?.[row]) (present[c] as Uint8Array)[row] = 1;
      }
    }
  }
  let missing = 0;
  for (const [c, column] of columns.entries()) {
    for (let r = 0; r < column.length; r++) if (column[r] === column[r] && present[c]?.[r] !== 1) missing++;
  }
  return missing;
}
