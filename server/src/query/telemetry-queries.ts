import type { AggregateOptions, Buckets } from '../domain/columns/aggregate.ts';
import type { Frame } from '../domain/columns/frame.ts';
import type { CounterEvent } from '../domain/counters/counter.ts';
import type { Window } from '../domain/time/window.ts';

/**
 * Queries of telemetry by features. An answer includes all acknowledged readings, wherever they are stored at the moment; an answer that
 * may be partial (`PartialAnswers`) reports it, any other rejects with `Unavailable`.
 */
export interface TelemetryQueries {
  /**
   * Raw samples: one frame per device with samples in the window, in the requested order. Before `rawFrom`, rollups replace them: a sample
   * at the start of each bucket, with the mean of a gauge, the last value of a counter, the sum of a delta.
   */
  frames(request: FramesRequest): Promise<Frame[]>;

  /** Streams frames, for windows too large for memory: frames of one device follow each other in time. */
  stream(request: FramesRequest): AsyncIterable<Frame>;

  /** Aggregates by bucket, as defined by `aggregateSeries`; one entry per requested device, in order. */
  buckets(request: BucketsRequest): Promise<SeriesBuckets[]>;

  /** Growth and events of a counter in a window; empty if the metric is not a counter. */
  counter(request: CounterRequest): Promise<CounterHistory>;

  /** The newest value of every series, by device id and full metric name. */
  latest(deviceIds?: readonly string[]): readonly LatestSample[];

  /** Instant from which raw samples of a group exist, epoch milliseconds; -Infinity for all time. */
  rawFrom(group: string): number;

  /** Full names of the metrics that a device has ever reported. */
  metricsOf(deviceId: string): readonly string[];
}

export interface FramesRequest {
  readonly deviceIds: readonly string[];
  readonly group: string;
  readonly quantities: readonly string[];
  readonly window: Window;
  /** The answer must be complete or reject, since it cannot report that it is partial. */
  readonly complete?: boolean;
}

export interface CounterRequest {
  readonly deviceId: string;
  readonly group: string;
  readonly quantity: string;
  readonly window: Window;
}

export interface CounterHistory {
  /** Growth and the time over which it is spread, ascending. */
  readonly growth: readonly { readonly amount: number; readonly start: number; readonly end: number }[];
  /** Changes other than growth: misreads, resets, replacements. */
  readonly events: readonly CounterEvent[];
}

export interface BucketsRequest {
  readonly deviceIds: readonly string[];
  readonly group: string;
  readonly quantities: readonly string[];
  /** Epoch milliseconds, strictly ascending, one edge more than buckets. */
  readonly edges: Float64Array;
  /** Samples are not valid beyond this instant; default: now. */
  readonly asOf?: AggregateOptions['asOf'];
}

export interface SeriesBuckets {
  readonly deviceId: string;
  /** In the order of the requested quantities. */
  readonly buckets: readonly Buckets[];
}

export interface LatestSample {
  readonly deviceId: string;
  readonly metric: string;
  readonly timestamp: number;
  readonly value: number;
}
