import { availableParallelism, totalmem } from 'node:os';
import type { Batch, Block } from '../../domain/columns/batch.ts';
import type { Frame } from '../../domain/columns/frame.ts';
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
import type { DuckDbMethods } from './duckdb.worker.ts';
import type { DuckDbOptions } from './duckdb-options.ts';
import type { SpanFrame } from './telemetry-database.ts';

const MB = 2 ** 20;

/** Each costs some memory. */
const MAX_THREADS = 4;
/** At this size the write-ahead log is worked into the file: a larger one makes ingest faster and a start after a crash slower. */
const WAL_MB = 64;

/** @throws Unavailable when the file is in use or its folder is missing, Corrupt when it cannot be read */
export async function openDuckDbStore({
  path,
  memory_limit_mb: memoryLimitMb,
}: Pick<DuckDbOptions, 'memory_limit_mb'> & { readonly path: string }): Promise<TelemetryStore> {
  const calls = new WorkerCalls<DuckDbMethods>(
    new URL('./duckdb.worker.ts', import.meta.url),
    `the DuckDB store ${path}`,
  );
  const settings = {
    path,
    memoryLimitMb: memoryLimitMb ?? Math.max(64, Math.min(1024, Math.floor(totalmem() / 4 / MB))),
    threads: Math.min(MAX_THREADS, availableParallelism()),
    walMb: WAL_MB,
  };
  try {
    await calls.call('open', [settings]);
  } catch (error) {
    await calls.terminate();
    throw error;
  }
  return new DuckDbStore(calls);
}

class DuckDbStore implements TelemetryStore {
  readonly type = 'duckdb';
  readonly capabilities: Capabilities = {
    durable: true,
    bounded: false,
    compacts: true,
    isolated: true,
    lastInstant: END_OF_TIME,
    erases: true,
  };
  readonly #calls: WorkerCalls<DuckDbMethods>;
  #closing: Promise<void> | null = null;

  constructor(calls: WorkerCalls<DuckDbMethods>) {
    this.#calls = calls;
  }

  async write(batches: readonly Batch[]): Promise<void> {
    for (const run of denseRuns(batches)) {
      const rows = coalesce(run);
      await this.#calls.call('write', [rows], { transfer: buffersOf(rows) });
    }
  }

  async *read(request: ReadRequest): AsyncIterable<Frame> {
    const { frames, rest } = await this.#calls.call('beginRead', [request]);
    yield* framesOf(request, frames);
    for (const span of rest) yield* framesOf(request, await this.#calls.call('readSpan', [request, span]));
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

  compact(before: number, signal: AbortSignal): Promise<CompactionReport> {
    return this.#calls.call('compact', [before], { signal });
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

function framesOf({ deviceIds, group, quantities }: ReadRequest, frames: readonly SpanFrame[]): Frame[] {
  return frames.map(({ position, timestamps, columns }) => ({
    deviceId: deviceIds[position]!,
    group,
    quantities,
    timestamps,
    columns,
  }));
}
