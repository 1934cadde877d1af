import { aggregateSeries, type Buckets, emptyBuckets } from '../domain/columns/aggregate.ts';
import type { Batch } from '../domain/columns/batch.ts';
import { concatRows, type Frame, lowerBound, type Rows, seriesOf } from '../domain/columns/frame.ts';
import { collectRows, readOverlaid } from '../domain/columns/overlay.ts';
import { NO_RULES, rulesWindow, type SeriesRules } from '../domain/series-rules.ts';
import type { Window } from '../domain/time/window.ts';
import type { BucketsRequest, FramesRequest, SeriesBuckets } from './telemetry-queries.ts';

/** A request for buckets with all data that determine them. */
export type FullBucketsRequest = BucketsRequest & {
  readonly asOf: number;
  /** In the order of the devices. */
  readonly rules: readonly SeriesRules[];
};

/** Read access to a store. */
export interface ReadableStore {
  read(request: FramesRequest): AsyncIterable<Frame>;
  aggregate(request: FullBucketsRequest): Promise<SeriesBuckets[]>;
}

export interface StoreHistoryOptions {
  readonly store: ReadableStore;
  /** Batches that the store may not have yet, oldest first. */
  readonly pending: () => AsyncIterable<Batch>;
  /** Memory with the last hours if it has readings that no store receives, otherwise null. */
  readonly memory: () => ReadableStore | null;
}

/**
 * A store merged with the batches that it does not have yet. Pending rows are collected before the store is read, so that a batch written
 * in the meantime is seen twice rather than never, which is harmless.
 */
export class StoreHistory implements ReadableStore {
  readonly #options: StoreHistoryOptions;

  constructor(options: StoreHistoryOptions) {
    this.#options = options;
  }

  async *read(request: FramesRequest): AsyncIterable<Frame> {
    yield* readOverlaid(this.#options.store, await this.#pending(request), request);
  }

  /** One entry per device, in order. */
  async aggregate(request: FullBucketsRequest): Promise<SeriesBuckets[]> {
    const rulesOf = new Map(request.deviceIds.map((deviceId, d) => [deviceId, request.rules[d] ?? NO_RULES]));
    const pending = await this.#pending({ ...request, window: widestDeciding(request) });
    const settled = request.deviceIds.filter((deviceId) => !pending.has(deviceId));
    const answers = new Map<string, SeriesBuckets>();
    if (settled.length > 0) {
      const of = { ...request, deviceIds: settled, rules: settled.map((deviceId) => rulesOf.get(deviceId)!) };
      for (const answer of await this.#options.store.aggregate(of)) answers.set(answer.deviceId, answer);
    }
    for (const [deviceId, rows] of pending) {
      const of = { ...request, deviceIds: [deviceId], rules: [rulesOf.get(deviceId)!] };
      answers.set(deviceId, { deviceId, buckets: await this.#bucketsWithPending(of, rows) });
    }
    return request.deviceIds.map((deviceId) => answers.get(deviceId) ?? { deviceId, buckets: nothing(request) });
  }

  /** Rows that the store may not have, by device; later parts win. */
  async #pending(request: FramesRequest): Promise<Map<string, Rows[]>> {
    const found = await collectRows(this.#options.pending(), request);
    const memory = this.#options.memory();
    if (memory === null) return found;
    for await (const frame of memory.read(request)) {
      if (frame.timestamps.length > 0) found.set(frame.deviceId, [...(found.get(frame.deviceId) ?? []), frame]);
    }
    return found;
  }

  /** Buckets of one device. Only buckets affected by pending rows are computed from raw samples; the others are read from the store. */
  async #bucketsWithPending(request: FullBucketsRequest, rows: readonly Rows[]): Promise<readonly Buckets[]> {
    const { edges, deviceIds, group, quantities, asOf } = request;
    const [rules = NO_RULES] = request.rules;
    const touched = rulesWindow(extentOf(rows), quantities, rules);
    const from = Math.max(lowerBound(edges, touched.start + 1) - 1, 0);
    const to = Math.max(Math.min(lowerBound(edges, touched.end), edges.length - 1), from);
    const ofStore = async (part: Float64Array) => {
      if (part.length < 2) return nothing({ quantities, edges: part });
      const [answer] = await this.#options.store.aggregate({ ...request, edges: part });
      return answer?.buckets ?? nothing({ quantities, edges: part });
    };
    const middle = edges.subarray(from, to + 1);
    const window = rulesWindow({ start: middle[0]!, end: middle.at(-1)! }, quantities, rules);
    const [frame] = await collectFrames(this.read({ deviceIds, group, quantities, window }), deviceIds);
    const fromRaw = quantities.map((quantity) =>
      frame
        ? aggregateSeries(seriesOf(frame, quantity), middle, {
            ...rules,
            counter: rules.counters.get(quantity) ?? null,
            asOf,
          })
        : emptyBuckets(middle.length - 1),
    );
    const before = await ofStore(edges.subarray(0, from + 1));
    const after = await ofStore(edges.subarray(to));
    return quantities.map((_, q) => joinBuckets([before[q]!, fromRaw[q]!, after[q]!]));
  }
}

/** One frame per device with samples, in the order of the devices. */
export async function collectFrames(frames: AsyncIterable<Frame>, deviceIds: readonly string[]): Promise<Frame[]> {
  const parts = new Map<string, Frame[]>();
  for await (const frame of frames) {
    const known = parts.get(frame.deviceId);
    if (known) known.push(frame);
    else parts.set(frame.deviceId, [frame]);
  }
  return deviceIds.flatMap((deviceId) => {
    const found = parts.get(deviceId);
    const first = found?.[0];
    if (found === undefined || first === undefined) return [];
    return [found.length === 1 ? first : { ...first, ...concatRows(found, first.quantities.length) }];
  });
}

/** The window whose samples determine the buckets of a request. */
export function widestDeciding({ edges, quantities, rules }: FullBucketsRequest): Window {
  const asked = { start: edges[0] ?? 0, end: edges.at(-1) ?? 0 };
  const deciding = rules.map((of) => rulesWindow(asked, quantities, of));
  return {
    start: Math.min(asked.start, ...deciding.map(({ start }) => start)),
    end: Math.max(asked.end, ...deciding.map(({ end }) => end)),
  };
}

function nothing({ quantities, edges }: Pick<BucketsRequest, 'quantities' | 'edges'>): Buckets[] {
  return quantities.map(() => emptyBuckets(Math.max(edges.length - 1, 0)));
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
