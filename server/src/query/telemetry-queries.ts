import type { AggregateOptions, Buckets } from '../domain/columns/aggregate.ts';
import type { Frame } from '../domain/columns/frame.ts';
import type { CounterEvent } from '../domain/counters/counter.ts';
import type { Window } from '../domain/time/window.ts';

/**
 * The telemetry that features ask for. Every answer holds all acknowledged readings, wherever they are at the moment; one that may be partial
 * (`PartialAnswers`) says so, any other rejects with `Unavailable`.
 */
export interface TelemetryQueries {
  /**
   * Raw samples: one frame for each device that has any in the window, in the order asked. Before `rawFrom` rollups stand for them: a sample
   * at the start of each bucket, the mean of a gauge, the last value of a counter, the sum of a delta.
   */
  frames(request: FramesRequest): Promise<Frame[]>;

  /** The same in pieces, for windows too large to hold: frames of one device follow each other in time. */
  stream(request: FramesRequest): AsyncIterable<Frame>;

  /** Aggregates over buckets, as `aggregateSeries` defines them; one entry for each device asked, in order. */
  buckets(request: BucketsRequest): Promise<SeriesBuckets[]>;

  /** What a counter did in a window; where the metric is none, nothing. */
  counter(request: CounterRequest): Promise<CounterHistory>;

  /** The newest value of every series, by device id and full metric name. */
  latest(deviceIds?: readonly string[]): readonly LatestSample[];

  /** Raw samples of a group are there from this instant on, epoch milliseconds; -Infinity: all of them are. */
  rawFrom(group: string): number;

  /** Quantities that a device has ever reported, as full metric names. */
  metricsOf(deviceId: string): readonly string[];
}

export interface FramesRequest {
  readonly deviceIds: readonly string[];
  readonly group: string;
  readonly quantities: readonly string[];
  readonly window: Window;
  /** The answer has no place to say that it is partial: it is complete or rejects. */
  readonly complete?: boolean;
}

export interface CounterRequest {
  readonly deviceId: string;
  readonly group: string;
  readonly quantity: string;
  readonly window: Window;
}

export interface CounterHistory {
  /** Growth and what it spreads over, ascending. */
  readonly growth: readonly { readonly amount: number; readonly start: number; readonly end: number }[];
  /** What is no growth: misreads, resets, replacements. */
  readonly events: readonly CounterEvent[];
}

export interface BucketsRequest {
  readonly deviceIds: readonly string[];
  readonly group: string;
  readonly quantities: readonly string[];
  /** Epoch milliseconds, strictly ascending, one more than there are buckets. */
  readonly edges: Float64Array;
  /** Nothing stands beyond this instant; default now. */
  readonly asOf?: AggregateOptions['asOf'];
}

export interface SeriesBuckets {
  readonly deviceId: string;
  /** In the order of the quantities asked. */
  readonly buckets: readonly Buckets[];
}

export interface LatestSample {
  readonly deviceId: string;
  readonly metric: string;
  readonly timestamp: number;
  readonly value: number;
}
