import { availableParallelism, totalmem } from 'node:os';
import { z } from 'zod';
import type { Batch, Block } from '../../domain/columns/batch.ts';
import type { Frame } from '../../domain/columns/frame.ts';
import { duckDbPathFault } from '../../domain/file-path.ts';
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
import { WorkerCalls } from '../worker-calls.ts';
import type { DuckDbMethods } from './duckdb.worker.ts';
import type { SpanFrame } from './telemetry-database.ts';

const MB = 2 ** 20;

/**
 * Options of the `duckdb` store: the embedded default. One file, which one process at a time can open (others ask the API or
 * read the archive). Appending is cheap in large batches and costs one sync of the disk in any; many small writes in one call
 * are appended together.
 */
export const DuckDbOptions = z.object({
  type: z.literal('duckdb'),
  path: z
    .string()
    .min(1)
    .superRefine((path, context) => {
      const fault = duckDbPathFault(path);
      if (fault !== null) context.addIssue({ code: 'custom', message: fault });
    })
    .meta({ description: 'File of the database; made when it does not exist. Its folder must exist' }),
  memoryLimitMb: z.number().int().min(64).optional().meta({
    description:
      'Memory that DuckDB may use, in MB; default a quarter of the machine’s, at most 1,024. Too little makes large reads fail',
  }),
  threads: z.number().int().min(1).optional().meta({
    description: 'Threads that DuckDB may use; default the number of cores, at most 4. Each costs some memory',
  }),
  walMb: z.number().int().min(1).default(64).meta({
    description:
      'Size of the write-ahead log, in MB, at which it is worked into the file. More makes ingest faster and a start after a crash slower',
  }),
});
export type DuckDbOptions = z.input<typeof DuckDbOptions>;

/** @throws Unavailable when the file is in use or its folder is missing, Corrupt when it cannot be read */
export async function openDuckDbStore(options: DuckDbOptions): Promise<TelemetryStore> {
  const { path, memoryLimitMb, threads, walMb } = DuckDbOptions.parse(options);
  const calls = new WorkerCalls<DuckDbMethods>(
    new URL('./duckdb.worker.ts', import.meta.url),
    `the DuckDB store ${path}`,
  );
  const settings = {
    path,
    memoryLimitMb: memoryLimitMb ?? Math.max(64, Math.min(1024, Math.floor(totalmem() / 4 / MB))),
    threads: threads ?? Math.min(4, availableParallelism()),
    walMb,
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
