import { aggregateSeries, type Buckets, emptyBuckets } from '../domain/aggregate.ts';
import type { Batch } from '../domain/batch.ts';
import { decidingWindow } from '../domain/cadence.ts';
import { concatRows, type Frame, lowerBound, mergeRows, type Rows, seriesOf, sliceRows } from '../domain/frame.ts';
import { splitMetric } from '../domain/metric-catalogue.ts';
import type { Window } from '../domain/window.ts';
import { collectPending, withoutErased } from './pending-rows.ts';
import type {
  BucketsRequest,
  FramesRequest,
  LatestSample,
  SeriesBuckets,
  TelemetryQueries,
} from './telemetry-queries.ts';

/** What the planner asks of a store. */
export interface ReadableStore {
  read(request: FramesRequest): AsyncIterable<Frame>;
  aggregate(
    request: BucketsRequest & { readonly asOf: number; readonly expectedIntervalMs: readonly (number | null)[] },
  ): Promise<SeriesBuckets[]>;
}

export interface PlannerOptions {
  /** The store that is read first. */
  readonly primary: ReadableStore;
  /** The last hours in memory, and from which instant on it has everything. */
  readonly memory: ReadableStore & { coveredSince(): number };
  /** Raw samples of a group are there from this instant on, epoch milliseconds; rollups stand for those before it. */
  readonly rawFrom: (group: string) => number;
  /** Whether memory has readings that go to no store. */
  readonly memoryHasMore: () => boolean;
  /** Batches that the primary store may not have yet, oldest first. */
  readonly pending: () => AsyncIterable<Batch>;
  readonly latest: { of(deviceId: string): Iterable<LatestSample>; deviceIds(): readonly string[] };
  readonly metricsOf: (deviceId: string) => readonly string[];
  /** Declared reporting interval of a device, milliseconds, or null. */
  readonly expectedIntervalMs: (deviceId: string) => number | null;
  readonly now: () => number;
}

/**
 * Answers from the cheapest source that has everything: the memory window alone where it reaches far enough back, else the primary
 * store joined with what is still on its way to it. Pending rows are collected before the store is read, so that a batch that moves
 * over meanwhile is seen twice rather than never; seeing it twice changes nothing.
 */
export class QueryPlanner implements TelemetryQueries {
  readonly #options: PlannerOptions;

  constructor(options: PlannerOptions) {
    this.#options = options;
  }

  async frames(request: FramesRequest): Promise<Frame[]> {
    const parts = new Map<string, Frame[]>();
    for await (const frame of this.stream(request)) {
      const known = parts.get(frame.deviceId);
      if (known) known.push(frame);
      else parts.set(frame.deviceId, [frame]);
    }
    return request.deviceIds.flatMap((deviceId) => {
      const frames = parts.get(deviceId);
      if (!frames) return [];
      const first = frames[0] as Frame;
      return [frames.length === 1 ? first : { ...first, ...concatRows(frames, first.quantities.length) }];
    });
  }

  async *stream(request: FramesRequest): AsyncIterable<Frame> {
    const { memory, primary } = this.#options;
    if (memory.coveredSince() <= request.window.start) {
      yield* memory.read(request);
      return;
    }
    const pending = await this.#pending(request);
    if (pending.size === 0) {
      yield* primary.read(request);
      return;
    }
    for (const deviceId of request.deviceIds) {
      const single = { ...request, deviceIds: [deviceId] };
      const rows = pending.get(deviceId);
      yield* rows ? withPending(primary.read(single), rows, single) : primary.read(single);
    }
  }

  async buckets(request: BucketsRequest): Promise<SeriesBuckets[]> {
    const { primary, expectedIntervalMs, now } = this.#options;
    const intervals = request.deviceIds.map(expectedIntervalMs);
    const full = { ...request, asOf: request.asOf ?? now(), expectedIntervalMs: intervals };
    const asked = { start: request.edges[0] ?? 0, end: request.edges.at(-1) ?? 0 };
    const deciding = intervals.map((interval) => decidingWindow(asked, interval));
    const window = {
      start: Math.min(asked.start, ...deciding.map(({ start }) => start)),
      end: Math.max(asked.end, ...deciding.map(({ end }) => end)),
    };
    if (this.#options.memory.coveredSince() <= window.start) return this.#options.memory.aggregate(full);

    const pending = await this.#pending({ ...request, window });
    const settled = request.deviceIds.filter((deviceId) => !pending.has(deviceId));
    const answers = new Map<string, SeriesBuckets>();
    if (settled.length > 0) {
      const of = { ...full, deviceIds: settled, expectedIntervalMs: settled.map(expectedIntervalMs) };
      for (const answer of await primary.aggregate(of)) answers.set(answer.deviceId, answer);
    }
    for (const [deviceId, rows] of pending) {
      answers.set(deviceId, { deviceId, buckets: await this.#bucketsWithPending(full, deviceId, rows) });
    }
    return request.deviceIds.map(
      (deviceId) =>
        answers.get(deviceId) ?? {
          deviceId,
          buckets: request.quantities.map(() => emptyBuckets(request.edges.length - 1)),
        },
    );
  }

  latest(deviceIds: readonly string[] = this.#options.latest.deviceIds()): readonly LatestSample[] {
    return deviceIds.flatMap((deviceId) => [...this.#options.latest.of(deviceId)]);
  }

  rawFrom(group: string): number {
    return this.#options.rawFrom(group);
  }

  metricsOf(deviceId: string): readonly string[] {
    return this.#options.metricsOf(deviceId);
  }

  /** Rows that the primary store may not have, by device; later parts win. */
  async #pending(request: FramesRequest): Promise<Map<string, Rows[]>> {
    const { pending, memory, memoryHasMore } = this.#options;
    const found = await collectPending(pending(), request);
    if (!memoryHasMore()) return found;
    for await (const frame of memory.read(request)) {
      if (frame.timestamps.length > 0) found.set(frame.deviceId, [...(found.get(frame.deviceId) ?? []), frame]);
    }
    return found;
  }

  /** Only the buckets that pending rows can touch are computed from raw samples; the store answers for those before and after. */
  async #bucketsWithPending(
    request: BucketsRequest & { asOf: number },
    deviceId: string,
    rows: readonly Rows[],
  ): Promise<readonly Buckets[]> {
    const { edges, group, quantities, asOf } = request;
    const expectedIntervalMs = this.#options.expectedIntervalMs(deviceId);
    const touched = decidingWindow(extentOf(rows), expectedIntervalMs);
    const from = Math.max(lowerBound(edges, touched.start + 1) - 1, 0);
    const to = Math.max(Math.min(lowerBound(edges, touched.end), edges.length - 1), from);
    const ofStore = async (part: Float64Array) =>
      part.length < 2
        ? quantities.map(() => emptyBuckets(0))
        : ((
            await this.#options.primary.aggregate({
              deviceIds: [deviceId],
              group,
              quantities,
              edges: part,
              asOf,
              expectedIntervalMs: [expectedIntervalMs],
            })
          )[0]?.buckets ?? quantities.map(() => emptyBuckets(part.length - 1)));
    const middle = edges.subarray(from, to + 1);
    const window = decidingWindow({ start: middle[0] as number, end: middle.at(-1) as number }, expectedIntervalMs);
    const [frame] = await this.frames({ deviceIds: [deviceId], group, quantities, window });
    const fromRaw = quantities.map((quantity) =>
      frame
        ? aggregateSeries(seriesOf(frame, quantity), middle, { expectedIntervalMs, asOf })
        : emptyBuckets(middle.length - 1),
    );
    const before = await ofStore(edges.subarray(0, from + 1));
    const after = await ofStore(edges.subarray(to));
    return quantities.map((_, q) => joinBuckets([before[q], fromRaw[q], after[q]] as Buckets[]));
  }
}

/** Full metric names by group. */
export function quantitiesByGroup(metrics: Iterable<string>): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const metric of metrics) {
    const { group, quantity } = splitMetric(metric);
    groups.set(group, [...(groups.get(group) ?? []), quantity]);
  }
  return groups;
}

/** The store's frames of one device with rows merged in that arrived later: they win over the store's. */
async function* withPending(
  stored: AsyncIterable<Frame>,
  pending: readonly Rows[],
  request: FramesRequest,
): AsyncIterable<Frame> {
  const { group, quantities, window } = request;
  const deviceId = request.deviceIds[0] as string;
  const late = mergeRows(concatRows(pending, quantities.length));
  const frameOf = (rows: Rows): Frame => ({ deviceId, group, quantities, ...withoutErased(rows) });
  let from = window.start;
  for await (const frame of stored) {
    const end = (frame.timestamps.at(-1) as number) + 1;
    const between = sliceRows(late, from, end);
    const merged =
      between.timestamps.length === 0 ? frame : frameOf(mergeRows(concatRows([frame, between], quantities.length)));
    if (merged.timestamps.length > 0) yield merged;
    from = end;
  }
  const rest = frameOf(sliceRows(late, from, window.end));
  if (rest.timestamps.length > 0) yield rest;
}

/** Window of rows in any order. */
function extentOf(parts: readonly Rows[]): Window {
  let start = Number.POSITIVE_INFINITY;
  let end = Number.NEGATIVE_INFINITY;
  for (const { timestamps } of parts) {
    for (const instant of timestamps) {
      if (instant < start) start = instant;
      if (instant > end) end = instant;
    }
  }
  return { start, end: end + 1 };
}

function joinBuckets(parts: readonly Buckets[]): Buckets {
  const join = (key: keyof Buckets) => {
    const joined = new Float64Array(parts.reduce((sum, part) => sum + part[key].length, 0));
    let at = 0;
    for (const part of parts) {
      joined.set(part[key], at);
      at += part[key].length;
    }
    return joined;
  };
  return {
    count: join('count'),
    sum: join('sum'),
    min: join('min'),
    max: join('max'),
    first: join('first'),
    last: join('last'),
    integral: join('integral'),
    coveredMs: join('coveredMs'),
    increase: join('increase'),
  };
}
