import type { Batch, Block } from '../../domain/columns/batch.ts';
import type { Frame } from '../../domain/columns/frame.ts';
import { Unavailable } from '../../domain/errors.ts';
import { WorkerCalls } from '../../domain/worker-calls.ts';
import { asBatch } from '../apply-batches.ts';
import type {
  AggregateRequest,
  Capabilities,
  CompactionReport,
  DeviceBuckets,
  LatestValue,
  ReadRequest,
  SeriesExtent,
  StoreStats,
  TelemetryStore,
} from '../backend.ts';
import { END_OF_TIME } from '../backend.ts';
import { buffersOf, coalesce, denseRuns } from '../coalesce.ts';
import type { SqliteMethods } from './sqlite.worker.ts';
import type { Piece } from './telemetry-file.ts';

/** @throws Unavailable when the file is in use or its folder is missing, Corrupt when it cannot be read */
export async function openSqliteStore({ path }: { readonly path: string }): Promise<TelemetryStore> {
  const calls = new WorkerCalls<SqliteMethods>(
    new URL('./sqlite.worker.ts', import.meta.url),
    `the SQLite store ${path}`,
  );
  try {
    await calls.call('open', [path]);
  } catch (error) {
    await calls.terminate();
    throw error;
  }
  return new SqliteStore(calls);
}

class SqliteStore implements TelemetryStore {
  readonly type = 'sqlite';
  readonly capabilities: Capabilities = {
    durable: true,
    bounded: false,
    compacts: false,
    isolated: true,
    lastInstant: END_OF_TIME,
    erases: true,
  };
  readonly #calls: WorkerCalls<SqliteMethods>;
  #closing: Promise<void> | null = null;

  constructor(calls: WorkerCalls<SqliteMethods>) {
    this.#calls = calls;
  }

  async write(batches: readonly Batch[]): Promise<void> {
    for (const run of denseRuns(batches)) {
      const rows = coalesce(run);
      await this.#calls.call('write', [rows], { transfer: buffersOf(rows) });
    }
  }

  async *read(request: ReadRequest): AsyncIterable<Frame> {
    const { deviceIds, group, quantities, window } = request;
    for (const [position, deviceId] of deviceIds.entries()) {
      for (let from: number | null = window.start; from !== null; ) {
        const piece: Piece = await this.#calls.call('readPiece', [request, position, from]);
        if (piece.rows !== null) yield { deviceId, group, quantities, ...piece.rows };
        from = piece.next;
      }
    }
  }

  aggregate(request: AggregateRequest): Promise<DeviceBuckets[]> {
    return this.#calls.call('aggregate', [request]);
  }

  latest(since: number): Promise<LatestValue[]> {
    return this.#calls.call('latest', [since]);
  }

  series(): Promise<SeriesExtent[]> {
    return this.#calls.call('series', []);
  }

  deleteBefore(instant: number, group: string | null): Promise<number> {
    return this.#calls.call('deleteBefore', [instant, group]);
  }

  deleteDevices(deviceIds: readonly string[]): Promise<void> {
    return this.#calls.call('deleteDevices', [deviceIds]);
  }

  async erase(blocks: readonly Block[]): Promise<void> {
    const rows = coalesce([asBatch(blocks)]);
    await this.#calls.call('erase', [rows], { transfer: buffersOf(rows) });
  }

  async compact(): Promise<CompactionReport> {
    if (this.#closing !== null) throw new Unavailable('the SQLite store is closed: open it again');
    return { days: 0, rows: 0 };
  }

  stats(): Promise<StoreStats> {
    return this.#calls.call('stats', []);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    try {
      await this.#calls.call('close', []);
    } finally {
      await this.#calls.terminate();
    }
  }
}
