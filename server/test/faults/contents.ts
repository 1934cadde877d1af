import { HOUR_MS, MINUTE_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import pino from 'pino';
import { openPipeline, type Pipeline } from '../../src/assembly/pipeline.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Frame } from '../../src/domain/columns/frame.ts';
import type { Window } from '../../src/domain/time/window.ts';
import { quantitiesByGroup } from '../../src/query/query-planner.ts';
import type { FramesRequest, SeriesBuckets } from '../../src/query/telemetry-queries.ts';
import { type DayDigest, digestsOf } from '../../src/storage/backup/packed-frame.ts';
import { readWholeDays } from '../../src/storage/whole-days.ts';

/** Everything before today, so that the content does not depend on the current time. */
export const TODAY = Math.floor(Date.now() / UTC_DAY_MS) * UTC_DAY_MS;
export const WINDOW: Window = { start: TODAY - 90 * UTC_DAY_MS, end: TODAY };
const HOURS = Float64Array.from(
  { length: (WINDOW.end - WINDOW.start) / HOUR_MS + 1 },
  (_, i) => WINDOW.start + i * HOUR_MS,
);
const DRAIN_MS = MINUTE_MS;

/** The content of a data folder, by names of its devices. */
export interface Contents {
  /** `device metric day` → digest of its samples; only days with raw samples. */
  readonly days: ReadonlyMap<string, Pick<DayDigest, 'count' | 'digest'>>;
  /** `device metric` → samples and their sum by hour; NaN without samples. */
  readonly hours: ReadonlyMap<string, { readonly count: Float64Array; readonly sum: Float64Array }>;
  /** `device metric` → first instant with raw samples. */
  readonly rawFrom: ReadonlyMap<string, number>;
  /** `device metric` → samples by instant, of the sampled devices. */
  readonly samples: ReadonlyMap<string, ReadonlyMap<number, number>>;
}

/** Opens the data folder like a start of the service, writes pending journal entries to the stores, and closes it. */
export async function withFolder<T>(
  folder: string,
  environment: Readonly<Record<string, string>>,
  use: (pipeline: Pipeline) => Promise<T>,
): Promise<T> {
  const config = loadConfig({ environment: { WATTKEEPER_DATA_DIR: folder, ...environment } });
  const pipeline = await openPipeline({ config, log: pino({ level: 'silent' }), now: Date.now, withoutStores: false });
  try {
    return await use(pipeline);
  } finally {
    await pipeline.close(DRAIN_MS);
  }
}

/** @param sampled devices whose samples are listed individually, without digests of days */
export function readFolder(
  folder: string,
  environment: Readonly<Record<string, string>>,
  sampled: readonly string[],
): Promise<Contents> {
  return withFolder(folder, environment, (pipeline) => contentsOf(pipeline, sampled));
}

async function contentsOf({ queries, directory }: Pipeline, sampled: readonly string[]): Promise<Contents> {
  const days = new Map<string, Pick<DayDigest, 'count' | 'digest'>>();
  const hours = new Map<string, { count: Float64Array; sum: Float64Array }>();
  const rawFrom = new Map<string, number>();
  const samples = new Map<string, Map<number, number>>();
  const store = { read: (request: FramesRequest) => queries.stream(request) };
  for (const { id, name } of directory.all()) {
    for (const [group, quantities] of quantitiesByGroup(directory.metricsOf(id))) {
      const kept = queries.rawFrom(group) + UTC_DAY_MS;
      const [answer] = await queries.buckets({ deviceIds: [id], group, quantities, edges: HOURS });
      for (const [q, quantity] of quantities.entries()) {
        const { count, sum } = (answer as SeriesBuckets).buckets[q]!;
        hours.set(`${name} ${group}.${quantity}`, { count, sum });
        rawFrom.set(`${name} ${group}.${quantity}`, kept);
      }
      for await (const frame of readWholeDays(store, { deviceId: id, group, quantities, window: WINDOW, values: 0 })) {
        if (sampled.includes(name)) noteSamples(samples, name, frame);
        else
          for (const { metric, day, count, digest } of digestsOf(frame))
            if (day * UTC_DAY_MS >= kept) days.set(`${name} ${metric} ${day}`, { count, digest });
      }
    }
  }
  return { days, hours, rawFrom, samples };
}

function noteSamples(samples: Map<string, Map<number, number>>, name: string, frame: Frame): void {
  for (const [c, quantity] of frame.quantities.entries()) {
    const key = `${name} ${frame.group}.${quantity}`;
    const found = samples.get(key) ?? new Map<number, number>();
    samples.set(key, found);
    for (const [row, at] of frame.timestamps.entries()) {
      if (found.has(at)) throw new Error(`${key} has two samples at ${new Date(at).toISOString()}`);
      const value = frame.columns[c]![row]!;
      if (value === value) found.set(at, value);
    }
  }
}

/** A description of the difference; null if both are equal. Devices that were sampled in either are excluded. */
export function difference(expected: Contents, found: Contents): string | null {
  for (const key of new Set([...expected.days.keys(), ...found.days.keys()])) {
    const at = key.lastIndexOf(' ');
    const isGone = Number(key.slice(at + 1)) * UTC_DAY_MS < (found.rawFrom.get(key.slice(0, at)) ?? 0);
    const [wanted, is] = [expected.days.get(key), found.days.get(key)];
    if (isGone || isSampled(key.slice(0, at), expected, found) || wanted?.digest === is?.digest) continue;
    return `${key}: ${is?.count ?? 0} samples in place of ${wanted?.count ?? 0}, or others`;
  }
  for (const [key, wanted] of expected.hours) {
    if (isSampled(key, expected, found)) continue;
    const is = found.hours.get(key);
    if (is === undefined) return `${key} is missing`;
    const i = wanted.count.findIndex(
      (count, hour) => is.count[hour] !== count || differs(wanted.sum[hour], is.sum[hour]),
    );
    if (i < 0) continue;
    const hour = new Date(HOURS[i]!).toISOString();
    return `${key}, hour ${hour}: ${is.count[i]} samples, sum ${is.sum[i]}, in place of ${wanted.count[i]}, ${wanted.sum[i]}`;
  }
  return null;
}

function isSampled(key: string, ...all: readonly Contents[]): boolean {
  return all.some(({ samples }) => samples.has(key));
}

/** Rollups sum in another order. */
function differs(wanted = Number.NaN, is = Number.NaN): boolean {
  return Math.abs(is - wanted) > 1e-9 * Math.max(1, Math.abs(wanted));
}
