import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import type { Batch } from '../../domain/columns/batch.ts';
import type { Window } from '../../domain/time/window.ts';
import type { TelemetryStore } from '../backend.ts';
import { passThrough } from './pass-through.ts';

/** Prefix of the devices of marks, one for each journal that writes to the store. Ids of other devices are UUIDs. */
const MARK_DEVICE = 'journal:';
export const MARK_GROUP = 'wattkeeper_journal';
const QUANTITIES = ['sequence', 'fills'] as const;
/** Marks of this period are searched first: a file store has to unpack each day. */
const RECENT_MS = 8 * UTC_DAY_MS;

export interface JournalMark {
  /** The store has the journal's batches up to this one, as far as they were sent to it. */
  readonly sequence: number;
  /** Number of times that missing readings were filled in. */
  readonly fills: number;
}

/**
 * A row that is written together with batches of a journal, so that the store itself records how far it has them: one per day, replaced by
 * later writes of the same day. It reveals that a store was emptied, or replaced by an older copy or by another store.
 */
export function markOf(journal: number, { sequence, fills }: JournalMark, now: number): Batch {
  return {
    sequence,
    blocks: [
      {
        group: MARK_GROUP,
        quantities: QUANTITIES,
        devices: [MARK_DEVICE + journal],
        device: Int32Array.of(0),
        timestamps: Float64Array.of(Math.floor(now / UTC_DAY_MS) * UTC_DAY_MS),
        columns: [Float64Array.of(sequence), Float64Array.of(fills)],
      },
    ],
  };
}

/** The highest mark of a journal in a store, or null. Older days are searched only if recent ones do not reach `expected`. */
export async function readMark(
  store: Pick<TelemetryStore, 'read'>,
  journal: number,
  expected: JournalMark,
  now: number,
): Promise<JournalMark | null> {
  const recent = await highest(store, journal, { start: now - RECENT_MS, end: Number.MAX_SAFE_INTEGER });
  if (recent !== null && recent.sequence >= expected.sequence && recent.fills >= expected.fills) return recent;
  const older = await highest(store, journal, { start: 0, end: now - RECENT_MS });
  return recent === null || older === null ? (recent ?? older) : higher(recent, older);
}

async function highest(
  store: Pick<TelemetryStore, 'read'>,
  journal: number,
  window: Window,
): Promise<JournalMark | null> {
  let found: JournalMark | null = null;
  const request = { deviceIds: [MARK_DEVICE + journal], group: MARK_GROUP, quantities: QUANTITIES, window };
  for await (const { columns } of store.read(request)) {
    for (const [row, sequence] of columns[0]!.entries()) {
      const mark = { sequence, fills: columns[1]![row]! };
      found = found === null ? mark : higher(found, mark);
    }
  }
  return found;
}

function higher(a: JournalMark, b: JournalMark): JournalMark {
  return { sequence: Math.max(a.sequence, b.sequence), fills: Math.max(a.fills, b.fills) };
}

/** A store that returns its marks only to explicit requests for them. */
export function hidingMarks(store: TelemetryStore): TelemetryStore {
  const isSeen = ({ deviceId }: { deviceId: string }) => !deviceId.startsWith(MARK_DEVICE);
  return passThrough(store, {
    latest: async (since) => (await store.latest(since)).filter(isSeen),
    series: async () => (await store.series()).filter(isSeen),
  });
}
