import type { MetricKind } from '@wattkeeper/contract/metric.ts';
import { type Buckets, emptyBuckets, meansOf } from '../../domain/columns/aggregate.ts';
import { type Frame, lowerBound, mergeRows } from '../../domain/columns/frame.ts';
import type { Window } from '../../domain/time/window.ts';
import type { AggregateRequest, DeviceBuckets, ReadRequest, TelemetryStore } from '../backend.ts';
import { FIXED_WIDTH_MS, ROLLUP_WIDTHS, type RollupWidth, rollupGroup } from '../rollups/rollup-names.ts';
import { addBucket, composeRows, fromFrames, type RollupRows, rollupQuantities } from '../rollups/rollup-rows.ts';
import { sampleWindow } from '../sample-window.ts';

/** Extent of the rollups of a metric group. Epoch milliseconds. */
export interface RollupExtent {
  /** Rollups are complete before this instant. */
  readonly rolledUntil: number;
  /** Raw samples exist from this instant; -Infinity while none were deleted. */
  readonly rawFrom: number;
  /** Rollups of a width exist from this instant. */
  readonly keptFrom: (width: RollupWidth) => number;
}

export interface RolledReadsOptions {
  /** Raw samples, in the store or the archive. */
  readonly raw: Pick<TelemetryStore, 'read' | 'aggregate'>;
  /** The source of rollups. */
  readonly rollups: Pick<TelemetryStore, 'read'>;
  /** null while a group has no rollups. */
  readonly extentOf: (group: string) => RollupExtent | null;
  readonly kindOf: (metric: string) => MetricKind;
}

/**
 * Answers queries from rollups where raw samples were deleted, and where rollups are exact and cheaper; newer times are read from the raw
 * samples. Where raw samples were deleted, `read` returns the finest remaining rollups as samples at the starts of their buckets: means of
 * gauges, last values of counters, sums of deltas.
 */
export class RolledReads implements Pick<TelemetryStore, 'read' | 'aggregate'> {
  readonly #options: RolledReadsOptions;

  constructor(options: RolledReadsOptions) {
    this.#options = options;
  }

  async *read(request: ReadRequest): AsyncIterable<Frame> {
    const { raw, extentOf } = this.#options;
    const extent = extentOf(request.group);
    const { window } = request;
    if (extent === null || window.start >= extent.rawFrom) {
      yield* raw.read(request);
      return;
    }
    const gone = { start: window.start, end: Math.min(window.end, extent.rawFrom) };
    for (const deviceId of request.deviceIds) {
      const of = { ...request, deviceIds: [deviceId] };
      yield* this.#readGone({ ...of, window: gone }, deviceId, extent);
      if (gone.end < window.end) yield* raw.read({ ...of, window: { start: gone.end, end: window.end } });
    }
  }

  async aggregate(request: AggregateRequest): Promise<DeviceBuckets[]> {
    const { raw, extentOf } = this.#options;
    const { edges } = request;
    const extent = extentOf(request.group);
    if (extent === null || edges.length < 2 || edges[0]! >= extent.rolledUntil) return raw.aggregate(request);
    const { rolledUntil } = extent;
    if ((edges.at(-1) as number) <= rolledUntil) return this.#aggregateRolled(request, extent);
    const cut = lowerBound(edges, rolledUntil);
    const before = await this.#aggregateRolled(
      { ...request, edges: withLast(edges.subarray(0, cut), rolledUntil) },
      extent,
    );
    const onEdge = edges[cut] === rolledUntil;
    const after = await raw.aggregate({
      ...request,
      edges: withFirst(edges.subarray(onEdge ? cut + 1 : cut), rolledUntil),
    });
    return before.map(({ deviceId, buckets }, d) => ({
      deviceId,
      buckets: buckets.map((old, q) => joined(old, after[d]!.buckets[q]!, !onEdge)),
    }));
  }

  /** Edges up to the end of the rollups. */
  async #aggregateRolled(request: AggregateRequest, extent: RollupExtent): Promise<DeviceBuckets[]> {
    const { edges } = request;
    const fitting = ROLLUP_WIDTHS.toReversed().find((width) => fits(width, edges, extent));
    if (fitting === undefined && this.#rawIsThere(request, extent)) return this.#options.raw.aggregate(request);
    const width = fitting ?? finestLeft(extent, edges[0]!);
    const answers: DeviceBuckets[] = [];
    const window = { start: edges[0]!, end: edges.at(-1) as number };
    for (const deviceId of request.deviceIds) {
      const rows = await this.#rows(deviceId, request, width, window);
      answers.push({
        deviceId,
        buckets:
          rows === null ? request.quantities.map(() => emptyBuckets(edges.length - 1)) : composeRows(rows, edges),
      });
    }
    return answers;
  }

  #rawIsThere({ edges, quantities, rules }: AggregateRequest, { rawFrom }: RollupExtent): boolean {
    return rules.every((of) => sampleWindow(edges, quantities, of).start >= rawFrom);
  }

  async #rows(
    deviceId: string,
    { group, quantities }: Pick<ReadRequest, 'group' | 'quantities'>,
    width: RollupWidth,
    window: Window,
  ): Promise<RollupRows | null> {
    const frames: Frame[] = [];
    const request = {
      deviceIds: [deviceId],
      group: rollupGroup(group, width),
      quantities: rollupQuantities(quantities),
      window,
    };
    for await (const frame of this.#options.rollups.read(request)) frames.push(frame);
    return frames.length === 0 ? null : fromFrames(frames, quantities.length);
  }

  async *#readGone(request: ReadRequest, deviceId: string, extent: RollupExtent): AsyncIterable<Frame> {
    const { group, quantities, window } = request;
    for (let { start } = window; start < window.end; ) {
      const width = finestLeft(extent, start);
      const better = ROLLUP_WIDTHS.slice(0, ROLLUP_WIDTHS.indexOf(width)).map((finer) => extent.keptFrom(finer));
      const end = Math.min(window.end, ...better.filter((instant) => instant > start));
      const rows = await this.#rows(deviceId, request, width, { start, end });
      if (rows !== null) {
        const columns = rows.buckets.map((of, q) => this.#asSamples(of, `${group}.${quantities[q]}`));
        yield { deviceId, group, quantities, ...mergeRows({ timestamps: rows.starts, columns }) };
      }
      start = end;
    }
  }

  #asSamples(of: Buckets, metric: string): Float64Array {
    switch (this.#options.kindOf(metric)) {
      case 'gauge':
        return meansOf(of);
      case 'counter':
        return of.last;
      case 'delta':
        return of.sum;
    }
  }
}

/** Whether rollups of a width exist, and every edge is one of theirs. Rollups of days do not record where they start. */
function fits(width: RollupWidth, edges: Float64Array, { keptFrom }: RollupExtent): boolean {
  if (width === '1d' || edges[0]! < keptFrom(width)) return false;
  return edges.every((edge) => edge % FIXED_WIDTH_MS[width] === 0);
}

function finestLeft({ keptFrom }: RollupExtent, instant: number): RollupWidth {
  return ROLLUP_WIDTHS.find((width) => keptFrom(width) <= instant) ?? '1d';
}

function withLast(edges: Float64Array, last: number): Float64Array {
  return Float64Array.of(...edges, last);
}

function withFirst(edges: Float64Array, first: number): Float64Array {
  return Float64Array.of(first, ...edges);
}

/** Concatenates buckets; `shared`: the last of the first and the first of the second are parts of the same bucket. */
function joined(before: Buckets, after: Buckets, shared: boolean): Buckets {
  const kept = before.count.length;
  const all = emptyBuckets(kept + after.count.length - (shared ? 1 : 0));
  for (const key of Object.keys(all) as (keyof Buckets)[]) {
    all[key].set(before[key]);
    all[key].set(shared ? after[key].subarray(1) : after[key], kept);
  }
  if (shared) addBucket(all, kept - 1, after, 0);
  return all;
}
