import type { Buckets } from '../domain/columns/aggregate.ts';
import type { Batch, Block } from '../domain/columns/batch.ts';
import type { Frame } from '../domain/columns/frame.ts';
import { Conflict, Corrupt, InvalidInput, Unavailable } from '../domain/errors.ts';
import type { SeriesRules } from '../domain/series-rules.ts';
import type { Window } from '../domain/time/window.ts';

/** Differences between backends that callers and the conformance suite may read. */
export interface Capabilities {
  /** `write` resolves only after its batches survive a crash of the process and of the machine. */
  readonly durable: boolean;
  /** Retains only a bounded recent time span; older rows disappear automatically. */
  readonly bounded: boolean;
  /** `compact` rewrites closed days smaller and faster to read. */
  readonly compacts: boolean;
  /** A read during a write sees all of a batch or nothing of it; otherwise unconfirmed rows may be partly visible. */
  readonly isolated: boolean;
  /** Last instant that the backend can store, epoch milliseconds; the API accepts none after 2199. */
  readonly lastInstant: number;
  /** Single values can be erased. */
  readonly erases: boolean;
}

/** The last instant of JavaScript's clock. */
export const END_OF_TIME = 8.64e15;

/** Rows of a frame at most; about 0.5 MB a column. */
export const MAX_FRAME_ROWS = 65_536;

export interface ReadRequest {
  readonly deviceIds: readonly string[];
  readonly group: string;
  readonly quantities: readonly string[];
  readonly window: Window;
}

export interface AggregateRequest {
  readonly deviceIds: readonly string[];
  readonly group: string;
  readonly quantities: readonly string[];
  /** Epoch milliseconds, strictly ascending, one more than the number of buckets. */
  readonly edges: Float64Array;
  /** No value holds beyond this instant. */
  readonly asOf: number;
  /** Rules for the samples of each device, in the order of `deviceIds`. */
  readonly rules: readonly SeriesRules[];
}

/** Aggregates of one device; `buckets` in the order of the request's quantities. */
export interface DeviceBuckets {
  readonly deviceId: string;
  readonly buckets: readonly Buckets[];
}

export interface LatestValue {
  readonly deviceId: string;
  /** Full metric name: `battery.soc_percent`. */
  readonly metric: string;
  readonly timestamp: number;
  readonly value: number;
}

export interface SeriesExtent {
  readonly deviceId: string;
  readonly metric: string;
  /** First and last instant, epoch milliseconds. */
  readonly first: number;
  readonly last: number;
  readonly count: number;
}

export interface StoreStats {
  /** Bytes on disk (or in memory), or null when the engine does not report them. */
  readonly sizeBytes: number | null;
  readonly rows: number | null;
}

export interface CompactionReport {
  readonly days: number;
  readonly rows: number;
}

/**
 * Whether a store can never accept a write: a retry has the same outcome, so the caller must continue without it. A store rejects with
 * `InvalidInput` (its engine cannot represent the content) or `Conflict` (it contradicts existing data or a constraint) only then.
 * `Unavailable` and `Corrupt` are temporary: the store may accept the same batches later. Other errors are unclassified.
 */
export function isPermanent(error: unknown): boolean {
  return error instanceof InvalidInput || error instanceof Conflict;
}

/** Whether the store may accept the same write later. */
export function isTemporary(error: unknown): boolean {
  return error instanceof Unavailable || error instanceof Corrupt;
}

/**
 * A store of telemetry. Instants are epoch milliseconds, windows half-open, values finite numbers. Calls may overlap; writes are applied in
 * the order in which they were called. Every method rejects with `Unavailable` when the engine does not answer and with `Corrupt` when its
 * data cannot be read; there are no internal retries. `isPermanent` identifies writes that a store can never accept; each backend maps the
 * errors of its engine accordingly.
 */
export interface TelemetryStore {
  /** Name of the backend's type: `duckdb`. */
  readonly type: string;
  readonly capabilities: Capabilities;

  /**
   * Writes batches in ascending order of sequence number, atomically where the capabilities say `isolated`: others may store a part of a
   * rejected write. Writing the same device, metric and instant again replaces the value; quantities missing in a later row remain. The
   * caller owns the arrays and does not change them until the promise settles.
   */
  write(batches: readonly Batch[]): Promise<void>;

  /**
   * Raw samples: for each device in the requested order, frames in ascending time; a device without samples yields none. Large answers
   * consist of several frames per device, each of a later time span. Ending the iteration early releases everything.
   */
  read(request: ReadRequest): AsyncIterable<Frame>;

  /** The result of `aggregateSeries` for every device and quantity, within rounding. Devices without samples have empty buckets. */
  aggregate(request: AggregateRequest): Promise<DeviceBuckets[]>;

  /** The newest value of every series, at or after `since`. */
  latest(since: number): Promise<LatestValue[]>;

  /** Every series with its extent, in no particular order. */
  series(): Promise<SeriesExtent[]>;

  /** Deletes samples before an instant, of one group or (null) of all. Returns the number of deleted rows. */
  deleteBefore(instant: number, group: string | null): Promise<number>;

  /**
   * Deletes every sample of these devices in all groups, including rollups. Unknown devices are skipped, so that it may be repeated after
   * an interruption.
   * @throws Conflict when the engine cannot delete
   */
  deleteDevices(deviceIds: readonly string[]): Promise<void>;

  /**
   * Erases single values: those at the places of the blocks' values, whatever these are. Places without a value are skipped; blocks are
   * applied in order and may be applied again. A later write restores a value.
   * @throws Conflict when `erases` is false
   */
  erase(blocks: readonly Block[]): Promise<void>;

  /** Compacts the UTC days that ended before an instant and changed since the last compaction. Does nothing when `compacts` is false. */
  compact(before: number, signal: AbortSignal): Promise<CompactionReport>;

  stats(): Promise<StoreStats>;

  /** Releases all resources; later calls reject with `Unavailable`. */
  close(): Promise<void>;
}
