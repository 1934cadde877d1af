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

/** A store that history can be read from. */
export interface HistoryStore extends ReadableStore {
  readonly name: string;
  /** Why it cannot be used, and since when (epoch milliseconds), or null. */
  trouble(): { readonly error: string; readonly since: number } | null;
  /** Readings that arrived before this instant are missing, epoch milliseconds; null: none are. */
  lacksBefore(): number | null;
  /** It has every reading of a group from this instant on, epoch milliseconds; -Infinity: all. */
  completeFrom(group: string): number;
  /** Batches that it may not have yet, oldest first. */
  pending(): AsyncIterable<Batch>;
}

export interface PlannerOptions {
  /** In the order in which they are preferred. */
  readonly stores: readonly HistoryStore[];
  /** The last hours in memory, and from which instant on it has everything. */
  readonly memory: ReadableStore & { coveredSince(): number };
  /** Batches that the journal still has, oldest first. */
  readonly journal: () => AsyncIterable<Batch>;
  readonly partial: PartialAnswers;
  /** Raw samples of a group are there from this instant on, epoch milliseconds; rollups stand for those before it. */
  readonly rawFrom: (group: string) => number;
  /** Whether memory has readings that go to no store. */
  readonly memoryHasMore: () => boolean;
  readonly latest: {
    of(deviceId: string): Iterable<LatestSample>;
    deviceIds(): readonly string[];
    /** Whether those that stores had at the start are known. */
    isRestored(): boolean;
  };
  readonly metricsOf: (deviceId: string) => readonly string[];
  readonly rulesOf: RulesOf;
  readonly now: () => number;
}

/** Why history is not complete: a store is unavailable since an instant, or lacks readings that arrived before one. Epoch milliseconds. */
export interface HistoryProblem {
  readonly store: string;
  readonly kind: 'unavailable' | 'gap';
  readonly at: number;
}

interface Source {
  readonly store: HistoryStore;
  readonly history: StoreHistory;
}

/** Stands for a store where none can be used. */
const NOTHING: ReadableStore = { async *read() {}, aggregate: async () => [] };

/**
 * Answers from the cheapest source that has everything: the memory window alone where it reaches far enough back, else the first store that
 * can be read and is complete for the window, joined with what is still on its way to it. Where there is none, an answer that may be partial
 * is made of what can be read, and says so; any other rejects while waiting can help.
 */
export class QueryPlanner implements TelemetryQueries {
  readonly #options: PlannerOptions;
  readonly #sources: readonly Source[];
  /** The journal and memory, where no store can be read. */
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

  /** Which store is read at present, and why questions about any time are not answered completely, or null. */
  standing(): { readonly source: string | null; readonly problem: HistoryProblem | null } {
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
   * The source for what begins at an instant; `store` is null where only the journal and memory are left.
   * @throws Unavailable where the answer must be complete and will be once a store can be read again
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
    const mends = usable.length === 0 ? away[0] : away.find(isComplete);
    if (mends && (mustBeComplete || !partial.allowed)) {
      throw new Unavailable(`the history cannot be read completely at present: ${problemOf(mends.store)}`);
    }
    const rest = usable.toSorted((a, b) => a.store.completeFrom(group) - b.store.completeFrom(group))[0];
    for (const { store } of [...away, ...(rest ? [rest] : [])]) {
      partial.note(`the history may be partial: ${problemOf(store)}`);
    }
    return rest ?? { store: null, history: this.#remembered };
  }

  /** Rethrows what another source would not answer either. */
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

/** What remains of a request after a frame: the rest of its device, then the devices after it. */
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
