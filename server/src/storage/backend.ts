import type { Buckets } from '../domain/columns/aggregate.ts';
import type { Batch, Block } from '../domain/columns/batch.ts';
import type { Frame } from '../domain/columns/frame.ts';
import { Conflict, Corrupt, InvalidInput, Unavailable } from '../domain/errors.ts';
import type { SeriesRules } from '../domain/series-rules.ts';
import type { Window } from '../domain/time/window.ts';

/** What differs between backends and what callers and the conformance suite may read. */
export interface Capabilities {
  /** `write` resolves only after its batches survive a crash of the process and of the machine. */
  readonly durable: boolean;
  /** Keeps only a bounded recent span; older rows vanish by themselves. */
  readonly bounded: boolean;
  /** `compact` rewrites closed days smaller and faster to read. */
  readonly compacts: boolean;
  /** A read beside a write sees all of a batch or nothing; otherwise rows that are not confirmed yet may be half there. */
  readonly isolated: boolean;
  /** Newest instant that it can keep, epoch milliseconds; the API takes none after 2199. */
  readonly lastInstant: number;
  /** Single values can be forgotten. */
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
  /** Epoch milliseconds, strictly ascending, one more than there are buckets. */
  readonly edges: Float64Array;
  /** Nothing stands beyond this instant. */
  readonly asOf: number;
  /** How the samples of a device count. In the order of `deviceIds`. */
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
  /** Bytes on disk (or in memory), or null where the engine cannot tell. */
  readonly sizeBytes: number | null;
  readonly rows: number | null;
}

export interface CompactionReport {
  readonly days: number;
  readonly rows: number;
}

/**
 * Whether a store can never take what it was given: another try has the same outcome, so that the caller must go on without it. A store
 * rejects with `InvalidInput` (the content has no form in its engine) or `Conflict` (it contradicts what the engine holds or is told to check)
 * only then. `Unavailable` and `Corrupt` are temporary: the store may take the same batches later. Of any other error nothing is known.
 */
export function isPermanent(error: unknown): boolean {
  return error instanceof InvalidInput || error instanceof Conflict;
}

/** Whether a store says that it may take later what it was given. */
export function isTemporary(error: unknown): boolean {
  return error instanceof Unavailable || error instanceof Corrupt;
}

/**
 * A place that keeps telemetry. Instants are epoch milliseconds, windows half-open, values finite numbers.
 * Calls may overlap; writes are applied in the order in which they were called. Every method rejects with `Unavailable` when the
 * engine does not answer and with `Corrupt` when what it holds cannot be read; nothing is retried inside. `isPermanent` tells apart what
 * a store can never take; each backend maps the errors of its engine accordingly.
 */
export interface TelemetryStore {
  /** Name of the backend's type: `duckdb`. */
  readonly type: string;
  readonly capabilities: Capabilities;

  /**
   * Takes batches in ascending order of sequence; all or none of them, where the capabilities say `isolated`: others may keep a part of what they
   * reject. The same device, metric and instant written again
   * replaces the value; quantities that a later row leaves out stay. The caller keeps ownership of the arrays and does not
   * change them until the promise settles.
   */
  write(batches: readonly Batch[]): Promise<void>;

  /**
   * Raw samples: for each device in the order asked, frames in ascending time; a device without samples yields none. Large
   * answers come in several frames per device, each a later span. Ending the iteration early releases everything.
   */
  read(request: ReadRequest): AsyncIterable<Frame>;

  /** What `aggregateSeries` gives for every device and quantity, within rounding. Devices without samples have empty buckets. */
  aggregate(request: AggregateRequest): Promise<DeviceBuckets[]>;

  /** The newest value of every series that has one at or after `since`. */
  latest(since: number): Promise<LatestValue[]>;

  /** Every series with its extent, in no particular order. */
  series(): Promise<SeriesExtent[]>;

  /** Forgets samples before an instant, of one group or (null) of all. Answers how many rows went. */
  deleteBefore(instant: number, group: string | null): Promise<number>;

  /**
   * Forgets every sample of these devices in all groups, rollups included; devices that it does not have are passed over, so that it may be
   * called again after it was cut off.
   * @throws Conflict where the engine cannot delete
   */
  deleteDevices(deviceIds: readonly string[]): Promise<void>;

  /**
   * Forgets single values: those at the places of the values that the blocks hold, whatever these are. Places without a value are passed over;
   * blocks are applied in order and may be applied again. A later write brings a value back.
   * @throws Conflict where `erases` is false
   */
  erase(blocks: readonly Block[]): Promise<void>;

  /** Rewrites the UTC days that ended before an instant and changed since they were last rewritten. Does nothing where `compacts` is false. */
  compact(before: number, signal: AbortSignal): Promise<CompactionReport>;

  stats(): Promise<StoreStats>;

  /** Releases everything; later calls reject with `Unavailable`. */
  close(): Promise<void>;
}
