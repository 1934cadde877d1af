import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import type { Logger } from 'pino';
import type { Config } from '../config/schema.ts';
import type { Block } from '../domain/columns/batch.ts';
import { messageOf, Unavailable } from '../domain/errors.ts';
import type { DeviceDirectory } from '../features/devices/device-directory.ts';
import type { Ingest } from '../ingest/ingest.ts';
import { LATEST_LOOKBACK_MS } from '../ingest/latest-values.ts';
import { newestSample, newestSampleBefore } from '../query/newest-sample.ts';
import { type HistoryStore, type QueryPlanner, quantitiesByGroup } from '../query/query-planner.ts';
import { applyBatches } from '../storage/apply-batches.ts';
import { isTemporary, type LatestValue, type TelemetryStore } from '../storage/backend.ts';
import type { MemoryStore } from '../storage/memory/memory-store.ts';
import { isRollupGroup } from '../storage/rollups/rollup-names.ts';

/** A store combined with the archive and its rollups, as queries read it. */
export type ReadStore = HistoryStore & Pick<TelemetryStore, 'latest'>;

/**
 * Fills the memory window and the latest values from a store and then from the journal, so that later writes take precedence. Returns the
 * instant from which the window is complete.
 */
export async function hydrate(parts: {
  stores: readonly ReadStore[];
  ingest: Ingest;
  queries: QueryPlanner;
  window: MemoryStore;
  directory: DeviceDirectory;
  config: Config;
  now: () => number;
}): Promise<{ readonly windowSince: number; readonly hasLatest: boolean }> {
  const { stores, ingest, queries, window, config, now } = parts;
  const since = now() - config.analytics.memory_retention_hours * HOUR_MS;
  let ahead: readonly LatestValue[] = [];
  const hasLatest = await succeeds(async () => {
    ahead = await restoreLatest(stores, ingest, now());
  });
  const hasWindow = await succeeds(() => fillWindow(parts, since));
  const changed: Block[] = [];
  for await (const batch of ingest.unconfirmed()) {
    await applyBatches(window, [batch]);
    for (const block of batch.blocks) {
      if (block.erases) changed.push(block);
      else ingest.latest.add(block);
    }
  }
  for (const { group, quantities, devices } of changed) {
    for (const deviceId of devices) {
      for (const quantity of quantities)
        await succeeds(() => renewLatest({ ingest, queries, now }, deviceId, `${group}.${quantity}`));
    }
  }
  for (const { deviceId, metric } of ahead)
    await succeeds(() => renewLatest({ ingest, queries, now }, deviceId, metric));
  return { windowSince: hasWindow ? since : now(), hasLatest };
}

/** Returns false if no store can be read. */
async function succeeds(work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (isTemporary(error)) return false;
    throw error;
  }
}

async function fillWindow(
  { queries, window, directory }: { queries: QueryPlanner; window: MemoryStore; directory: DeviceDirectory },
  since: number,
): Promise<void> {
  for (const [group, deviceIds] of devicesByGroup(directory)) {
    const quantities = [
      ...new Set(deviceIds.flatMap((id) => quantitiesByGroup(directory.metricsOf(id)).get(group) ?? [])),
    ];
    const request = { deviceIds, group, quantities, window: { start: since, end: Number.MAX_SAFE_INTEGER } };
    for await (const { deviceId, timestamps, columns, quantities: read } of queries.stream(request)) {
      const device = new Int32Array(timestamps.length);
      await window.write([
        { sequence: 0, blocks: [{ group, quantities: read, devices: [deviceId], device, timestamps, columns }] },
      ]);
    }
  }
}

/** Reads the latest value of a series again: the newest one in the store may have been erased by a later batch. */
async function renewLatest(
  { ingest, queries, now }: { ingest: Ingest; queries: QueryPlanner; now: () => number },
  deviceId: string,
  metric: string,
): Promise<void> {
  ingest.latest.forgetSeries(deviceId, metric);
  const newest = await newestSample(queries, deviceId, metric, { start: now() - LATEST_LOOKBACK_MS, end: now() + 1 });
  if (newest) ingest.latest.restore(deviceId, metric, newest.timestamp, newest.value);
}

/**
 * Restores the latest values from the first readable store without gaps, else from the first readable one. Returns the series whose newest
 * sample is in the future: their newest sample up to now must be searched for.
 * @throws Unavailable if no store can be read
 */
export async function restoreLatest(stores: readonly ReadStore[], ingest: Ingest, now: number): Promise<LatestValue[]> {
  const since = now - LATEST_LOOKBACK_MS;
  const usable = stores.filter((store) => store.trouble() === null);
  const best = usable.find((store) => store.lacksBefore() === null) ?? usable[0];
  if (best === undefined) throw new Unavailable('no store can be read at present');
  const newest = (await best.latest(since)).filter(({ metric }) => !isRollupGroup(metric));
  return newest.filter(
    ({ deviceId, metric, timestamp, value }) => !ingest.latest.restore(deviceId, metric, timestamp, value),
  );
}

function devicesByGroup(directory: DeviceDirectory): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const { id } of directory.all()) {
    for (const group of quantitiesByGroup(directory.metricsOf(id)).keys())
      groups.set(group, [...(groups.get(group) ?? []), id]);
  }
  return groups;
}

/** Searches for unknown latest values while the service runs: the series has not reported for a long time, or the clock was set back. */
export class OlderLatest {
  readonly #parts: { directory: DeviceDirectory; ingest: Ingest; queries: QueryPlanner };
  readonly #log: Logger;
  readonly #now: () => number;
  #ending = false;
  #done = Promise.resolve();

  constructor(
    parts: { directory: DeviceDirectory; ingest: Ingest; queries: QueryPlanner },
    log: Logger,
    now: () => number,
  ) {
    this.#parts = parts;
    this.#log = log;
    this.#now = now;
  }

  /** Searches for the values that are still unknown. If no store can be read, they are left to the next search. */
  search(): void {
    const failed = (error: unknown) =>
      this.#log.warn(`latest values of series that have long been silent are not known yet: ${messageOf(error)}`);
    this.#done = this.#done.then(() => this.#restore()).catch(failed);
  }

  end(): Promise<void> {
    this.#ending = true;
    return this.#done;
  }

  async #restore(): Promise<void> {
    const { directory, ingest, queries } = this.#parts;
    const before = this.#now() + 1;
    for (const { id } of directory.all()) {
      const known = new Set([...ingest.latest.of(id)].map(({ metric }) => metric));
      for (const metric of directory.metricsOf(id)) {
        if (this.#ending) return;
        if (known.has(metric) || isRollupGroup(metric)) continue;
        const newest = await newestSampleBefore(queries, id, metric, before);
        if (newest) ingest.latest.restore(id, metric, newest.timestamp, newest.value);
      }
    }
  }
}
