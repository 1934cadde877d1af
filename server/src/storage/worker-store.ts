import type { Batch, Block } from '../domain/columns/batch.ts';
import type { Frame } from '../domain/columns/frame.ts';
import type { Answer, WorkerCalls } from '../domain/worker-calls.ts';
import { asBatch } from './apply-batches.ts';
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
} from './backend.ts';
import { buffersOf, coalesce, denseRuns, type GroupRows } from './coalesce.ts';

/** Methods that the worker of each such store serves. */
type StoreMethods = {
  write(signal: AbortSignal, rows: readonly GroupRows[]): Promise<Answer<unknown>>;
  erase(signal: AbortSignal, rows: readonly GroupRows[]): Promise<Answer<unknown>>;
  aggregate(signal: AbortSignal, request: AggregateRequest): Promise<Answer<DeviceBuckets[]>>;
  latest(signal: AbortSignal, since: number): Promise<Answer<LatestValue[]>>;
  series(signal: AbortSignal): Promise<Answer<SeriesExtent[]>>;
  deleteBefore(signal: AbortSignal, instant: number, group: string | null): Promise<Answer<number>>;
  deleteDevices(signal: AbortSignal, deviceIds: readonly string[]): Promise<Answer<void>>;
  stats(signal: AbortSignal): Promise<Answer<StoreStats>>;
  close(signal: AbortSignal): Promise<Answer<unknown>>;
};

/** A store whose engine runs on a worker thread. */
export abstract class WorkerStore implements TelemetryStore {
  abstract readonly type: string;
  abstract readonly capabilities: Capabilities;
  readonly #calls: WorkerCalls<StoreMethods>;
  #closing: Promise<void> | null = null;

  constructor(calls: WorkerCalls<StoreMethods>) {
    this.#calls = calls;
  }

  abstract read(request: ReadRequest): AsyncIterable<Frame>;

  abstract compact(before: number, signal: AbortSignal): Promise<CompactionReport>;

  async write(batches: readonly Batch[]): Promise<void> {
    for (const run of denseRuns(batches)) {
      const rows = coalesce(run);
      await this.#calls.call('write', [rows], { transfer: buffersOf(rows) });
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

  stats(): Promise<StoreStats> {
    return this.#calls.call('stats', []);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Whether `close` was called. */
  protected get isClosed(): boolean {
    return this.#closing !== null;
  }

  async #close(): Promise<void> {
    try {
      await this.#calls.call('close', []);
    } finally {
      await this.#calls.terminate();
    }
  }
}
