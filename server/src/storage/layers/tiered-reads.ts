import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { type Buckets, emptyBuckets } from '../../domain/columns/aggregate.ts';
import { concatRows, type Frame, mergeRows, type Rows } from '../../domain/columns/frame.ts';
import { InvalidInput } from '../../domain/errors.ts';
import { NO_RULES } from '../../domain/series-rules.ts';
import { intersect, type Window } from '../../domain/time/window.ts';
import type { Archive, Part } from '../archive/archive.ts';
import type { Holdings } from '../archive/parquet-file.ts';
import type { AggregateRequest, DeviceBuckets, ReadRequest, TelemetryStore } from '../backend.ts';
import { aggregateRows, sampleWindow, widestSampleWindow } from '../sample-window.ts';

/** Younger data is never archived, so that queries on recent time never wait for the archive. */
export const YOUNGEST_ARCHIVED_MS = 31 * UTC_DAY_MS;

/**
 * Maximum number of samples of one series in memory for an aggregation: 38 years at one per minute, six at one per ten seconds; 16 bytes
 * each.
 */
const MAX_SAMPLES = 20_000_000;

export interface TieredReadsOptions {
  readonly store: Pick<TelemetryStore, 'read' | 'aggregate'>;
  readonly archive: Pick<Archive, 'all' | 'parts' | 'read' | 'holdings'>;
  /** Ids of removed devices, whose data is ignored; it grows. */
  readonly removed: ReadonlySet<string>;
  readonly now: () => number;
}

/** A month of a metric group that was moved to the archive. */
export interface ArchivedMonth {
  readonly group: string;
  readonly month: Window;
  /** Size of its files. */
  readonly bytes: number;
  /**
   * Devices and quantities with values in its files. @throws Corrupt when a file is missing or differs from the stored one, Unavailable
   * while they cannot be fetched
   */
  readonly holdings: () => Promise<Holdings>;
}

/**
 * Reads a store and its archive as one. If both have a value, the store's takes precedence: it arrived after the month was archived, or is
 * identical.
 */
export class TieredReads implements Pick<TelemetryStore, 'read' | 'aggregate'> {
  readonly #options: TieredReadsOptions;
  readonly #running = new Set<Promise<void>>();

  constructor(options: TieredReadsOptions) {
    this.#options = options;
  }

  async *read(request: ReadRequest): AsyncIterable<Frame> {
    const done = this.#begin();
    try {
      const parts = await this.#partsOf(request.group, request.window);
      if (parts.length === 0) {
        yield* this.#options.store.read(request);
        return;
      }
      for (const deviceId of request.deviceIds) yield* this.#readDevice({ ...request, deviceIds: [deviceId] }, parts);
    } finally {
      done();
    }
  }

  async aggregate(request: AggregateRequest): Promise<DeviceBuckets[]> {
    const done = this.#begin();
    try {
      const window = widestSampleWindow(request);
      const parts = window === null ? [] : await this.#partsOf(request.group, window);
      if (parts.length === 0) return await this.#options.store.aggregate(request);
      const answers: DeviceBuckets[] = [];
      for (const [d, deviceId] of request.deviceIds.entries()) {
        const buckets: Buckets[] = [];
        for (const quantity of request.quantities) {
          buckets.push(
            await this.#aggregateRaw({ ...request, deviceIds: [deviceId], quantities: [quantity] }, parts, d),
          );
        }
        answers.push({ deviceId, buckets });
      }
      return answers;
    } finally {
      done();
    }
  }

  /** The months of each group in the archive. @throws Unavailable when the object store does not answer */
  async months(): Promise<ArchivedMonth[]> {
    const { archive, removed } = this.#options;
    const byGroup = [...Map.groupBy(await archive.all(), ({ group }) => group).values()];
    return byGroup.flatMap(byMonth).map((parts) => {
      const { group, month } = parts[0]!;
      const holdings = async () => {
        const found: Holdings[] = [];
        for (const part of parts) found.push(await archive.holdings(part));
        return {
          deviceIds: [...new Set(found.flatMap(({ deviceIds }) => deviceIds))].filter((id) => !removed.has(id)),
          quantities: [...new Set(found.flatMap(({ quantities }) => quantities))],
        };
      };
      return { group, month, bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0), holdings };
    });
  }

  /** Resolves when every current read has ended: only those may still expect data in the store that was archived meanwhile. */
  async settled(): Promise<void> {
    await Promise.all(this.#running);
  }

  #begin(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#running.add(promise);
    return () => {
      this.#running.delete(promise);
      resolve();
    };
  }

  async #partsOf(group: string, window: Window): Promise<Part[]> {
    const { archive, now } = this.#options;
    return window.start >= now() - YOUNGEST_ARCHIVED_MS ? [] : archive.parts(group, window);
  }

  /** Frames of one device, ascending: archived months merged with the store's values for them, and the store's frames between them. */
  async *#readDevice(request: ReadRequest, parts: readonly Part[]): AsyncIterable<Frame> {
    const { store, archive } = this.#options;
    const { group, quantities, window } = request;
    const deviceId = request.deviceIds[0]!;
    let from = window.start;
    for (const ofMonth of byMonth(parts)) {
      const month = intersect(ofMonth[0]!.month, window) as Window;
      if (from < month.start) yield* store.read({ ...request, window: { start: from, end: month.start } });
      const ofWindow = { ...request, window: month };
      const found: Rows[] = [];
      for (const part of ofMonth) found.push(...(await archive.read(part, ofWindow)));
      for await (const frame of store.read(ofWindow)) found.push(frame);
      const rows = mergeRows(concatRows(found, quantities.length));
      if (rows.timestamps.length > 0) yield { deviceId, group, quantities, ...rows };
      from = month.end;
    }
    if (from < window.end) yield* store.read({ ...request, window: { start: from, end: window.end } });
  }

  /**
   * Aggregates one series from its samples, including those of the store: the growth of a counter depends on the order of all its samples,
   * so that buckets of store and archive cannot be concatenated.
   */
  async #aggregateRaw(request: AggregateRequest, parts: readonly Part[], device: number): Promise<Buckets> {
    const rules = request.rules[device] ?? NO_RULES;
    const window = sampleWindow(request.edges, request.quantities, rules);
    const within = parts.filter(({ month }) => intersect(month, window) !== null);
    const found: Rows[] = [];
    let samples = 0;
    for await (const frame of this.#readDevice({ ...request, window }, within)) {
      samples += frame.timestamps.length;
      if (samples > MAX_SAMPLES) {
        throw new InvalidInput(
          `the archived part of the query has more than ${MAX_SAMPLES} samples of one series: request a shorter window`,
        );
      }
      found.push(frame);
    }
    if (found.length === 0) return emptyBuckets(request.edges.length - 1);
    return aggregateRows(concatRows(found, 1), request, rules)[0]!;
  }
}

function byMonth(parts: readonly Part[]): Part[][] {
  return [...Map.groupBy(parts, ({ month }) => month.start).values()];
}
