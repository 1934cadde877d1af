import { formatInstant } from '@wattkeeper/contract/common.ts';
import type { Batch } from '../domain/columns/batch.ts';
import { type Frame, seriesOf } from '../domain/columns/frame.ts';
import { counterWindow } from '../domain/counters/counter.ts';
import { counterHistory } from '../domain/counters/growth.ts';
import { Corrupt, Unavailable } from '../domain/errors.ts';
import { splitMetric } from '../domain/metric-catalogue.ts';
import type { PartialAnswers } from '../domain/partial-answers.ts';
import type { RulesOf } from '../domain/series-rules.ts';
import {
  collectFrames,
  type FullBucketsRequest,
  type ReadableStore,
  StoreHistory,
  widestDeciding,
} from './store-history.ts';
import type {
  BucketsRequest,
  CounterHistory,
  CounterRequest,
  FramesRequest,
  LatestSample,
  SeriesBuckets,
  TelemetryQueries,
} from './telemetry-queries.ts';

/** A store from which history can be read. */
export interface HistoryStore extends ReadableStore {
  readonly name: string;
  /** The error that makes it unavailable and its start (epoch milliseconds), or null. */
  trouble(): { readonly error: string; readonly since: number } | null;
  /** Readings that arrived before this instant are missing, epoch milliseconds; null if none are. */
  lacksBefore(): number | null;
  /** Instant from which the store has every reading of a group, epoch milliseconds; -Infinity for all time. */
  completeFrom(group: string): number;
  /** Batches that the store may not have yet, oldest first. */
  pending(): AsyncIterable<Batch>;
}

export interface PlannerOptions {
  /** In order of preference. */
  readonly stores: readonly HistoryStore[];
  /** Memory with the last hours, and the instant from which it is complete. */
  readonly memory: ReadableStore & { coveredSince(): number };
  /** Batches still in the journal, oldest first. */
  readonly journal: () => AsyncIterable<Batch>;
  readonly partial: PartialAnswers;
  /** Instant from which raw samples of a group exist, epoch milliseconds; earlier ones are replaced by rollups. */
  readonly rawFrom: (group: string) => number;
  /** Whether memory has readings that no store receives. */
  readonly memoryHasMore: () => boolean;
  readonly latest: {
    of(deviceId: string): Iterable<LatestSample>;
    deviceIds(): readonly string[];
    /** Whether the latest values of the stores at start-up are loaded. */
    isRestored(): boolean;
  };
  readonly metricsOf: (deviceId: string) => readonly string[];
  readonly rulesOf: RulesOf;
  readonly now: () => number;
}

/**
 * The reason for an incomplete history: a store is unavailable since an instant, or lacks readings that arrived before one. Epoch
 * milliseconds.
 */
export interface HistoryProblem {
  readonly store: string;
  readonly kind: 'unavailable' | 'gap';
  readonly at: number;
}

interface Source {
  readonly store: HistoryStore;
  readonly history: StoreHistory;
}

/** Placeholder if no store is available. */
const NOTHING: ReadableStore = { async *read() {}, aggregate: async () => [] };

/**
 * Answers queries from the cheapest complete source: memory alone if it reaches back far enough, otherwise the first available store that
 * is complete for the window, merged with batches that it does not have yet. Without such a store, an answer that may be partial is made
 * from the available data and reports it; any other rejects if a retry can succeed.
 */
export class QueryPlanner implements TelemetryQueries {
  readonly #options: PlannerOptions;
  readonly #sources: readonly Source[];
  /** The journal and memory, used if no store can be read. */
  readonly #remembered: StoreHistory;

  constructor(options: PlannerOptions) {
    const { stores, memory, memoryHasMore, journal } = options;
    this.#options = options;
    this.#sources = stores.map((store) => ({
      store,
      history: new StoreHistory({
        store,
        pending: () => store.pending(),
        memory: () => (memoryHasMore() ? memory : null),
      }),
    }));
    this.#remembered = new StoreHistory({ store: NOTHING, pending: journal, memory: () => memory });
  }

  frames(request: FramesRequest): Promise<Frame[]> {
    return collectFrames(this.stream(request), request.deviceIds);
  }

  async *stream(request: FramesRequest): AsyncIterable<Frame> {
    const { memory } = this.#options;
    const { start } = request.window;
    if (memory.coveredSince() <= start) {
      yield* memory.read(request);
      return;
    }
    const failed = new Set<HistoryStore>();
    let left: readonly FramesRequest[] = [request];
    for (;;) {
      const source = this.#choose(request.group, start, failed, request.complete);
      try {
        for (const part of left) {
          for await (const frame of source.history.read(part)) {
            yield frame;
            left = after(frame, request);
          }
        }
        return;
      } catch (error) {
        this.#expectOutage(source.store, error);
        failed.add(source.store!);
      }
    }
  }

  async buckets(request: BucketsRequest): Promise<SeriesBuckets[]> {
    const { memory, rulesOf, now } = this.#options;
    const rules = request.deviceIds.map((deviceId) => rulesOf(deviceId, request.group, request.quantities));
    const full: FullBucketsRequest = { ...request, asOf: request.asOf ?? now(), rules };
    const { start } = widestDeciding(full);
    if (memory.coveredSince() <= start) return memory.aggregate(full);
    const failed = new Set<HistoryStore>();
    for (;;) {
      const source = this.#choose(request.group, start, failed, false);
      try {
        return await source.history.aggregate(full);
      } catch (error) {
        this.#expectOutage(source.store, error);
        failed.add(source.store!);
      }
    }
  }

  async counter({ deviceId, group, quantity, window }: CounterRequest): Promise<CounterHistory> {
    const counter = this.#options.rulesOf(deviceId, group, [quantity]).counters.get(quantity);
    if (counter === undefined) return { growth: [], events: [] };
    const asked = { deviceIds: [deviceId], group, quantities: [quantity], window: counterWindow(window) };
    const [frame] = await this.frames(asked);
    return frame ? counterHistory(seriesOf(frame, quantity), counter, window) : { growth: [], events: [] };
  }

  latest(deviceIds: readonly string[] = this.#options.latest.deviceIds()): readonly LatestSample[] {
    if (!this.#options.latest.isRestored())
      this.#options.partial.note('series that have not reported since the start are missing: no store could be read');
    return deviceIds.flatMap((deviceId) => [...this.#options.latest.of(deviceId)]);
  }

  rawFrom(group: string): number {
    return this.#options.rawFrom(group);
  }

  metricsOf(deviceId: string): readonly string[] {
    return this.#options.metricsOf(deviceId);
  }

  /** The store in use, and the reason why queries of any time range are not answered completely, or null. */
  status(): { readonly source: string | null; readonly problem: HistoryProblem | null } {
    const stores = this.#options.stores;
    const usable = stores.filter((store) => store.trouble() === null);
    const best = usable.find((store) => store.lacksBefore() === null);
    const source = (best ?? usable[0])?.name ?? null;
    if (best || stores.length === 0) return { source, problem: null };
    for (const store of stores) {
      const trouble = store.trouble();
      if (trouble) return { source, problem: { store: store.name, kind: 'unavailable', at: trouble.since } };
    }
    const [{ name: store, lacksBefore }] = usable as [HistoryStore];
    return { source, problem: { store, kind: 'gap', at: lacksBefore() ?? 0 } };
  }

  /**
   * The source for a window with this start; `store` is null if only the journal and memory are available.
   * @throws Unavailable if the answer must be complete, and will be once a store recovers
   */
  #choose(
    group: string,
    start: number,
    failed: ReadonlySet<HistoryStore>,
    mustBeComplete = false,
  ): { store: HistoryStore | null; history: StoreHistory } {
    const { partial } = this.#options;
    const isUsable = ({ store }: Source) => !failed.has(store) && store.trouble() === null;
    const isComplete = ({ store }: Source) => store.completeFrom(group) <= start;
    const usable = this.#sources.filter(isUsable);
    const best = usable.find(isComplete);
    if (best) {
      for (const { store } of this.#sources.slice(0, this.#sources.indexOf(best))) {
        partial.note(`${problemOf(store)}; this answer is from store ${best.store.name}, which is complete`);
      }
      return best;
    }
    const away = this.#sources.filter((source) => !isUsable(source));
    const recovering = usable.length === 0 ? away[0] : away.find(isComplete);
    if (recovering && (mustBeComplete || !partial.allowed)) {
      throw new Unavailable(`the history cannot be read completely at present: ${problemOf(recovering.store)}`);
    }
    const rest = usable.toSorted((a, b) => a.store.completeFrom(group) - b.store.completeFrom(group))[0];
    for (const { store } of [...away, ...(rest ? [rest] : [])]) {
      partial.note(`the history may be partial: ${problemOf(store)}`);
    }
    return rest ?? { store: null, history: this.#remembered };
  }

  /** Rethrows errors that are not an outage of the store. */
  #expectOutage(store: HistoryStore | null, error: unknown): void {
    const isOutage = error instanceof Unavailable || error instanceof Corrupt;
    if (!isOutage || store === null || store.trouble() === null) throw error;
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

function problemOf(store: HistoryStore): string {
  const trouble = store.trouble();
  if (trouble) return `store ${store.name} cannot be read since ${formatInstant(trouble.since)} (${trouble.error})`;
  const before = store.lacksBefore();
  if (before !== null) return `store ${store.name} lacks readings that arrived before ${formatInstant(before)}`;
  return `store ${store.name} keeps the newest readings only`;
}

/** The remaining requests after a frame: the remaining window of its device, and the other devices. */
function after({ deviceId, timestamps }: Frame, request: FramesRequest): FramesRequest[] {
  const { deviceIds, window } = request;
  const start = (timestamps.at(-1) ?? window.start - 1) + 1;
  const rest = { ...request, deviceIds: [deviceId], window: { start, end: window.end } };
  const others = deviceIds.slice(deviceIds.indexOf(deviceId) + 1);
  return [
    ...(rest.window.start < window.end ? [rest] : []),
    ...(others.length > 0 ? [{ ...request, deviceIds: others }] : []),
  ];
}
