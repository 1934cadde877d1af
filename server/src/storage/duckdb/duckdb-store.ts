import { availableParallelism, totalmem } from 'node:os';
import type { Frame } from '../../domain/columns/frame.ts';
import { WorkerCalls } from '../../domain/worker-calls.ts';
import {
  type Capabilities,
  type CompactionReport,
  END_OF_TIME,
  type ReadRequest,
  type TelemetryStore,
} from '../backend.ts';
import { WorkerStore } from '../worker-store.ts';
import type { DuckDbMethods } from './duckdb.worker.ts';
import type { DuckDbOptions } from './duckdb-options.ts';
import type { SpanFrame } from './telemetry-database.ts';

const MB = 2 ** 20;

/** Each thread uses some memory. */
const MAX_THREADS = 4;
/** Size at which the write-ahead log is checkpointed: a larger log makes ingest faster and a start after a crash slower. */
const WAL_MB = 64;

/** @throws Unavailable when another process has the file open or its folder is missing, Corrupt when it cannot be read */
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

class DuckDbStore extends WorkerStore {
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

  constructor(calls: WorkerCalls<DuckDbMethods>) {
    super(calls);
    this.#calls = calls;
  }

  async *read(request: ReadRequest): AsyncIterable<Frame> {
    const { frames, rest } = await this.#calls.call('beginRead', [request]);
    yield* framesOf(request, frames);
    for (const span of rest) yield* framesOf(request, await this.#calls.call('readSpan', [request, span]));
  }

  compact(before: number, signal: AbortSignal): Promise<CompactionReport> {
    return this.#calls.call('compact', [before], { signal });
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
