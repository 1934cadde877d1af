import { join } from 'node:path';
import type { Frame } from '../../src/domain/columns/frame.ts';
import { Archive } from '../../src/storage/archive/archive.ts';
import { type ArchiveReport, archiveMonths } from '../../src/storage/archive/archive-months.ts';
import type { TelemetryStore } from '../../src/storage/backend.ts';
import { type DayDigest, digestsOf } from '../../src/storage/backup/packed-frame.ts';
import { TieredReads } from '../../src/storage/layers/tiered-reads.ts';
import { WriteGate } from '../../src/storage/layers/write-gate.ts';
import { localObjects } from '../../src/storage/objects/local.ts';
import { type ObjectEngine, ObjectStore } from '../../src/storage/objects/object-store.ts';
import { openTelemetryStore } from '../../src/storage/open-store.ts';
import { type DeviceGroup, readWholeDays } from '../../src/storage/whole-days.ts';

/** A DuckDB store with an archive, in one folder. */
export interface ArchiveWorld {
  /** Writes go through the gate. */
  readonly store: TelemetryStore;
  readonly archive: Archive;
  readonly reads: TieredReads;
  /** @param group the only group to archive; default: all */
  archiveBefore(instant: number, group?: string): Promise<ArchiveReport>;
  close(): Promise<void>;
}

/** @param engine where objects are stored; default: a folder */
export async function openArchiveWorld(folder: string, engine?: ObjectEngine): Promise<ArchiveWorld> {
  const gate = new WriteGate();
  const path = join(folder, 'telemetry.duckdb');
  const store = gate.around(await openTelemetryStore({ type: 'duckdb', path, memory_limit_mb: 256 }));
  const objects = new ObjectStore(engine ?? localObjects(join(folder, 'objects')), '');
  const archive = await Archive.open({ objects, folder: join(folder, 'archive'), cacheBytes: 2 ** 26 });
  const reads = new TieredReads({ store, archive, removed: new Set(), now: () => Date.UTC(2026, 6, 1) });
  const signal = new AbortController().signal;
  return {
    store,
    archive,
    reads,
    archiveBefore: (instant, group) => {
      const before = (of: string) => (group === undefined || of === group ? instant : 0);
      return archiveMonths({ store, gate, reads, archive, before, signal, progress: () => {} });
    },
    close: async () => {
      await archive.close();
      await store.close();
    },
  };
}

/** Digests of every day of every series, in order: equal for stores that return the same values. */
export async function allDigests(from: Pick<TelemetryStore, 'read'>, of: readonly DeviceGroup[]): Promise<DayDigest[]> {
  const found: DayDigest[] = [];
  for (const group of of) for await (const frame of readWholeDays(from, group)) found.push(...digestsOf(frame));
  const name = ({ deviceId, metric, day }: DayDigest) => `${deviceId} ${metric} ${String(day).padStart(6)}`;
  return found.sort((a, b) => (name(a) < name(b) ? -1 : 1));
}

/** All rows of devices, as `device instant value value …`. */
export async function allRows(
  from: Pick<TelemetryStore, 'read'>,
  deviceIds: readonly string[],
  group: string,
  quantities: readonly string[],
): Promise<string[]> {
  const rows: string[] = [];
  for await (const frame of from.read({ deviceIds, group, quantities, window: { start: 0, end: 1e14 } })) {
    rows.push(...textOf(frame));
  }
  return rows;
}

function textOf({ deviceId, timestamps, columns }: Frame): string[] {
  return Array.from(timestamps, (at, row) => [deviceId, at, ...columns.map((column) => column[row])].join(' '));
}
