import { setImmediate as nextTurn } from 'node:timers/promises';
import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import type { Batch, Block } from '../../domain/columns/batch.ts';
import { concatRows, type Frame, lowerBound, mergeRows, type Rows, sliceRows } from '../../domain/columns/frame.ts';
import { Unavailable } from '../../domain/errors.ts';
import { SerialQueue } from '../../domain/serial-queue.ts';
import type { Window } from '../../domain/time/window.ts';
import {
  type AggregateRequest,
  type Capabilities,
  type CompactionReport,
  type DeviceBuckets,
  END_OF_TIME,
  type LatestValue,
  MAX_FRAME_ROWS,
  type ReadRequest,
  type SeriesExtent,
  type StoreStats,
  type TelemetryStore,
} from '../backend.ts';
import { coalesce, type GroupRows } from '../coalesce.ts';
import { dropEmptyRows, splitByDevice } from '../join-rows.ts';
import { aggregatePieces } from '../sample-window.ts';
import { chosen, type DayTable, TableBuilder } from './day-table.ts';
import { DayTables } from './day-tables.ts';
import type { FileOptions } from './file-options.ts';
import { batchName, StoreFolder } from './folder.ts';
import { packRows, readRecords } from './record-lines.ts';

/** Maximum number of rows that wait for their days' files: more need memory, fewer rewrite a day more often. */
const PENDING_ROWS = 50_000;
const PENDING_BATCHES = 200;

/** @throws Unavailable when the folder cannot be used or another process uses it, Corrupt when it cannot be read */
export async function openFileStore(
  options: Omit<FileOptions, 'path'> & { readonly path: string },
  now: () => number = Date.now,
): Promise<TelemetryStore> {
  const folder = await StoreFolder.open(options.path);
  try {
    const tables = await DayTables.open(folder, options, now);
    const store = new FileStore(folder, tables, options.retention_days !== null);
    await store.recover();
    return store;
  } catch (error) {
    folder.release();
    throw error;
  }
}

class FileStore implements TelemetryStore {
  readonly type = 'file';
  readonly capabilities: Capabilities;
  readonly #folder: StoreFolder;
  readonly #tables: DayTables;
  /** Rows of batches that are on disk but not yet in their days' files. */
  #pending: readonly GroupRows[] = [];
  #sequence = 0;
  /** Changes run one after the other, in the order of the calls. */
  readonly #changes = new SerialQueue();
  #closing: Promise<void> | null = null;

  constructor(folder: StoreFolder, tables: DayTables, bounded: boolean) {
    this.capabilities = {
      durable: true,
      bounded,
      compacts: false,
      isolated: false,
      lastInstant: END_OF_TIME,
      erases: true,
    };
    this.#folder = folder;
    this.#tables = tables;
  }

  /** Loads the batches that an earlier process left. */
  async recover(): Promise<void> {
    const { folded } = await this.#folder.state();
    this.#sequence = folded;
    for (const sequence of await this.#folder.batches()) {
      const name = batchName(sequence);
      const bytes = sequence > folded ? await this.#folder.read(name) : null;
      if (bytes === null) {
        await this.#folder.remove(name);
        continue;
      }
      const table = new TableBuilder();
      await readRecords(name, bytes, table);
      this.#pending = [...this.#pending, ...rowsOf(table.build())];
      this.#sequence = sequence;
    }
    await this.#fold();
  }

  write(batches: readonly Batch[]): Promise<void> {
    const groups = coalesce(batches);
    return this.#inTurn(async () => {
      if (groups.length === 0) return;
      await this.#folder.write(batchName(this.#sequence + 1), await packRows(groups));
      this.#sequence++;
      this.#pending = [...this.#pending, ...groups];
      const rows = this.#pending.reduce((sum, { timestamps }) => sum + timestamps.length, 0);
      if (rows >= PENDING_ROWS || this.#pending.length >= PENDING_BATCHES) await this.#fold();
    });
  }

  async *read({ deviceIds, group, quantities, window }: ReadRequest): AsyncIterable<Frame> {
    this.#refuseClosed();
    for (const deviceId of deviceIds) {
      for await (const rows of this.#pieces(deviceId, group, quantities, window)) {
        for (let from = 0; from < rows.timestamps.length; from += MAX_FRAME_ROWS) {
          const part = (column: Float64Array) => column.slice(from, from + MAX_FRAME_ROWS);
          const { timestamps, columns } = rows;
          yield { deviceId, group, quantities, timestamps: part(timestamps), columns: columns.map(part) };
        }
      }
    }
  }

  async aggregate(request: AggregateRequest): Promise<DeviceBuckets[]> {
    this.#refuseClosed();
    const { group, quantities } = request;
    return aggregatePieces(request, (deviceId, window) => this.#pieces(deviceId, group, quantities, window));
  }

  latest(since: number): Promise<LatestValue[]> {
    return this.#inTurn(async () => {
      await this.#fold();
      const newest = new Map<string, LatestValue>();
      for (const day of this.#tables.days().reverse()) {
        if ((day + 1) * UTC_DAY_MS <= since) break;
        for (const { deviceId, metric, last, lastValue } of await this.#tables.extents(day)) {
          const key = `${deviceId}\n${metric}`;
          if (last >= since && !newest.has(key))
            newest.set(key, { deviceId, metric, timestamp: last, value: lastValue });
        }
      }
      return [...newest.values()];
    });
  }

  series(): Promise<SeriesExtent[]> {
    return this.#inTurn(async () => {
      await this.#fold();
      const found = new Map<string, SeriesExtent>();
      for (const day of this.#tables.days()) {
        for (const { deviceId, metric, first, last, count } of await this.#tables.extents(day)) {
          const key = `${deviceId}\n${metric}`;
          const known = found.get(key);
          found.set(key, { deviceId, metric, first: known?.first ?? first, last, count: (known?.count ?? 0) + count });
        }
      }
      return [...found.values()];
    });
  }

  deleteBefore(instant: number, group: string | null): Promise<number> {
    return this.#inTurn(async () => {
      await this.#fold();
      return this.#tables.deleteBefore(instant, group);
    });
  }

  deleteDevices(deviceIds: readonly string[]): Promise<void> {
    return this.#inTurn(async () => {
      await this.#fold();
      await this.#tables.deleteDevices(new Set(deviceIds));
    });
  }

  erase(blocks: readonly Block[]): Promise<void> {
    const places = coalesce([{ sequence: 0, blocks }]);
    return this.#inTurn(async () => {
      await this.#fold();
      await this.#tables.erase(places);
    });
  }

  compact(): Promise<CompactionReport> {
    return this.#inTurn(async () => {
      await this.#fold();
      await this.#tables.removeExpired();
      return { days: 0, rows: 0 };
    });
  }

  stats(): Promise<StoreStats> {
    return this.#inTurn(async () => {
      await this.#fold();
      return { sizeBytes: await this.#folder.sizeBytes(), rows: await this.#tables.rows() };
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#changes.run(() => this.#fold()).finally(() => this.#folder.release());
    return this.#closing;
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    if (this.#closing !== null) return Promise.reject(this.#gone());
    return this.#changes.run(change);
  }

  #refuseClosed(): void {
    if (this.#closing !== null) throw this.#gone();
  }

  #gone(): Unavailable {
    return new Unavailable(`the file store ${this.#folder.path} is closed: open it again`);
  }

  /** Merges waiting batches into the files of their days. After an interruption, the next start repeats it, with the same result. */
  async #fold(): Promise<void> {
    const folded = this.#pending;
    if (folded.length === 0) return;
    await this.#tables.merge(folded);
    await this.#folder.writeState({ ...(await this.#folder.state()), folded: this.#sequence });
    this.#pending = [];
    for (const sequence of await this.#folder.batches()) await this.#folder.remove(batchName(sequence));
  }

  /** Rows of a device, one day at a time: waiting rows take precedence over those in the files. */
  async *#pieces(
    deviceId: string,
    group: string,
    quantities: readonly string[],
    { start, end }: Window,
  ): AsyncGenerator<Rows> {
    // Reads from memory do not wait, so a caller that reads repeatedly would block all others.
    await nextTurn();
    const waiting = waitingRows(this.#pending, deviceId, group, quantities);
    const days = new Set([
      ...this.#tables.days(),
      ...Array.from(waiting.timestamps, (at) => Math.floor(at / UTC_DAY_MS)),
    ]);
    for (const day of [...days].sort((a, b) => a - b)) {
      const [from, to] = [Math.max(start, day * UTC_DAY_MS), Math.min(end, (day + 1) * UTC_DAY_MS)];
      if (from >= to) continue;
      const stored = (await this.#tables.table(day)).get(group)?.get(deviceId);
      const parts = [...(stored ? [chosen(stored, quantities)] : []), partOfDay(waiting, day)];
      const rows = dropEmptyRows(sliceRows(mergeRows(concatRows(parts, quantities.length)), from, to));
      if (rows.timestamps.length > 0) yield rows;
    }
  }
}

/** Waiting rows of a device and group, merged and ascending. */
function waitingRows(
  pending: readonly GroupRows[],
  deviceId: string,
  group: string,
  quantities: readonly string[],
): Rows {
  const parts = pending.flatMap((rows) => {
    const place = rows.group === group ? rows.devices.indexOf(deviceId) : -1;
    const own = place < 0 ? undefined : splitByDevice(rows.device, rows).get(place);
    return own === undefined ? [] : [chosen({ quantities: rows.quantities, rows: own }, quantities)];
  });
  if (parts.length === 0)
    return { timestamps: new Float64Array(0), columns: quantities.map(() => new Float64Array(0)) };
  return mergeRows(concatRows(parts, quantities.length));
}

function partOfDay({ timestamps, columns }: Rows, day: number): Rows {
  const [from, to] = [lowerBound(timestamps, day * UTC_DAY_MS), lowerBound(timestamps, (day + 1) * UTC_DAY_MS)];
  return { timestamps: timestamps.subarray(from, to), columns: columns.map((column) => column.subarray(from, to)) };
}

function rowsOf(table: DayTable): GroupRows[] {
  return [...table].flatMap(([group, devices]) =>
    [...devices].map(([device, { quantities, rows }]) => ({
      group,
      quantities,
      devices: [device],
      device: new Int32Array(rows.timestamps.length),
      timestamps: rows.timestamps.slice(),
      columns: rows.columns.map((column) => column.slice()),
    })),
  );
}
