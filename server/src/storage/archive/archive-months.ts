import type { Frame } from '../../domain/columns/frame.ts';
import type { OnProgress } from '../../domain/progress.ts';
import type { TelemetryStore } from '../backend.ts';
import type { TieredReads } from '../layers/tiered-reads.ts';
import type { WriteGate } from '../layers/write-gate.ts';
import { isRollupGroup } from '../rollups/rollup-names.ts';
import { type DeviceGroup, deviceGroups, readWholeDays } from '../whole-days.ts';
import type { Archive } from './archive.ts';
import { monthName, monthOf } from './months.ts';

export interface ArchiveReport {
  /** Months of a metric group that were archived and deleted from the store. */
  readonly months: number;
  readonly rows: number;
  /** Size of the files. */
  readonly bytes: number;
  /** Months of a metric group that are postponed to the next run, since late readings kept arriving: `solar 2025-03`. */
  readonly postponed: readonly string[];
}

export interface ArchiveMonthsOptions {
  readonly store: Pick<TelemetryStore, 'series' | 'read' | 'deleteBefore'>;
  /** All writes to the store pass through it. */
  readonly gate: WriteGate;
  readonly reads: Pick<TieredReads, 'settled'>;
  readonly archive: Pick<Archive, 'write' | 'place'>;
  /** Months that ended by this instant are archived, epoch milliseconds; evaluated per metric group. */
  readonly before: (group: string) => number;
  readonly signal: AbortSignal;
  readonly progress: OnProgress;
}

/** How often a month is rewritten because late readings arrived meanwhile, before it is postponed to the next run. */
const TRIES = 3;

/**
 * Moves whole months from the store to the archive, oldest first. A month is written, read back and compared, and only then deleted from
 * the store, unless readings of that month arrived meanwhile. After an interruption at any point, every value is in the store, in the
 * archive or identical in both; the next run continues.
 */
export async function archiveMonths(options: ArchiveMonthsOptions): Promise<ArchiveReport> {
  const total = { months: 0, rows: 0, bytes: 0, postponed: [] as string[] };
  const stored = deviceGroups(await options.store.series()).map(({ group }) => group);
  const groups = new Set(stored.filter((group) => !isRollupGroup(group)));
  let tries = 0;
  for (const group of groups) {
    for (;;) {
      options.signal.throwIfAborted();
      const outcome = await archiveOldest(options, group);
      if (outcome === null) break;
      tries = outcome.removed ? 0 : tries + 1;
      if (outcome.removed) {
        total.months++;
        total.rows += outcome.rows;
        total.bytes += outcome.bytes;
      } else if (tries === TRIES) {
        tries = 0;
        total.postponed.push(outcome.name);
        break;
      }
    }
  }
  return total;
}

/** Archives the oldest month of a group in the store; null when none is old enough. */
async function archiveOldest(options: ArchiveMonthsOptions, group: string) {
  const { store, gate, reads, archive, before, signal, progress } = options;
  const watch = await gate.watch(group);
  try {
    const devices = deviceGroups(await store.series()).filter((of) => of.group === group);
    const month = monthOf(Math.min(...devices.map(({ window }) => window.start)));
    if (devices.length === 0 || month.end > before(group)) return null;
    const name = `${group} ${monthName(month.start)}`;
    progress(null, `${name} → ${archive.place}`);
    const quantities = [...new Set(devices.flatMap((device) => device.quantities))].sort();
    const frames = framesOf(store, devices, quantities, month.end, signal);
    const { rows, bytes } = await archive.write(group, month, quantities, frames);
    await reads.settled();
    signal.throwIfAborted();
    const removed = await gate.exclusive(async () => {
      if (watch.earliest < month.end) return false;
      await store.deleteBefore(month.end, group);
      return true;
    });
    return { name, rows, bytes, removed };
  } finally {
    watch.end();
  }
}

async function* framesOf(
  store: Pick<TelemetryStore, 'read'>,
  devices: readonly DeviceGroup[],
  quantities: readonly string[],
  end: number,
  signal: AbortSignal,
): AsyncIterable<Frame> {
  for (const device of devices) {
    const window = { start: device.window.start, end: Math.min(device.window.end, end) };
    if (window.start >= window.end) continue;
    for await (const frame of readWholeDays(store, { ...device, quantities, window })) {
      signal.throwIfAborted();
      yield frame;
    }
  }
}
