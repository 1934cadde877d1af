import { formatInstant } from '@wattkeeper/contract/common.ts';
import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import type { Aggregate, Bucket, TelemetryQuery } from '@wattkeeper/contract/telemetry.ts';
import { type Buckets, meansOf } from '../../domain/columns/aggregate.ts';
import { downsample } from '../../domain/columns/downsample.ts';
import { type Frame, type Series, seriesOf } from '../../domain/columns/frame.ts';
import { InvalidInput } from '../../domain/errors.ts';
import type { MetricCatalogue } from '../../domain/metric-catalogue.ts';
import type { PartialAnswers } from '../../domain/partial-answers.ts';
import { type AskedWindow, askedWindow } from '../../domain/time/asked-window.ts';
import { type Reporting, validUntil } from '../../domain/time/cadence.ts';
import { bucketEdges, nominalMs } from '../../domain/time/site-time.ts';
import type { Window } from '../../domain/time/window.ts';
import { quantitiesByGroup } from '../../query/query-planner.ts';
import { collectFrames } from '../../query/store-history.ts';
import type { TelemetryQueries } from '../../query/telemetry-queries.ts';
import type { DeviceRecord } from '../../storage/records/devices/device-record.ts';
import type { Sites } from '../../storage/records/devices/sites.ts';
import { reportingOf } from '../devices/declared-rules.ts';
import type { DeviceDirectory } from '../devices/device-directory.ts';
import type { HeldAnswer } from './answer-room.ts';

export interface TelemetryOptions {
  readonly queries: TelemetryQueries;
  readonly partial: Pick<PartialAnswers, 'notes'>;
  readonly directory: DeviceDirectory;
  readonly sites: Sites;
  readonly catalogue: MetricCatalogue;
  readonly now: () => number;
}

/** One series of an answer: `columns` holds `value` for raw data, else one column per aggregate. */
export interface SeriesAnswer {
  readonly device: DeviceRecord;
  readonly metric: string;
  readonly unit: string;
  /** Share of the window (up to now) that is covered by samples, 0–1. */
  readonly coverage: number;
  readonly timestamps: Float64Array;
  readonly columns: readonly (readonly [name: 'value' | Aggregate, values: Float64Array])[];
}

export interface History {
  readonly window: Window;
  readonly bucket: Bucket;
  readonly downsampled: boolean;
  readonly warnings: readonly string[];
  readonly series: readonly SeriesAnswer[];
}

/** Maximum number of series in one answer. */
export const MAX_SERIES = 1000;
/** Maximum number of values in one JSON answer; CSV, Parquet and Arrow stream. */
export const MAX_JSON_VALUES = 5_000_000;
/** Arrays of `Buckets`. */
export const COLUMNS_PER_BUCKET = 9;
const DEFAULT_POINTS = 2000;
/** Up to this window, `auto` returns raw samples if there are few enough. */
const RAW_WINDOW_MS = 2 * UTC_DAY_MS;
const AUTO_BUCKETS = ['1m', '5m', '15m', '30m', '1h', '1d', '1w', '1mo'] as const satisfies readonly Bucket[];

export interface Target {
  readonly device: DeviceRecord;
  readonly metrics: readonly string[];
}

interface Group {
  readonly group: string;
  readonly quantities: readonly string[];
  readonly devices: readonly DeviceRecord[];
}

/** History of any devices and metrics, raw or in buckets. */
export class TelemetryService {
  readonly #options: TelemetryOptions;

  constructor(options: TelemetryOptions) {
    this.#options = options;
  }

  /** Throws `NotFound` for an unknown device, `InvalidInput` for an invalid window or too large an answer. */
  async history(query: TelemetryQuery, held: HeldAnswer): Promise<History> {
    const history = await this.#history(query, held);
    return { ...history, warnings: [...history.warnings, ...this.#options.partial.notes()] };
  }

  async #history(query: TelemetryQuery, held: HeldAnswer): Promise<History> {
    const window = this.windowOf(query);
    const targets = fewTargets(await this.targets(query));
    if (query.bucket === 'raw') return this.#raw(targets, window, query.max_points ?? null, held);
    if (query.bucket !== 'auto') return this.#bucketed(targets, window, query, held);
    const points = query.max_points ?? DEFAULT_POINTS;
    if (query.aggregate === undefined && window.end - window.start <= RAW_WINDOW_MS) {
      const raw = await this.#raw(targets, window, null, held);
      if (raw.series.every(({ timestamps }) => timestamps.length <= points)) return raw;
    }
    const bucket = autoBucket(window, points);
    return this.#bucketed(targets, window, { bucket, aggregate: query.aggregate }, held);
  }

  /** Raw frames of the requested series, for streaming exports, which cannot contain warnings. */
  async *stream(targets: Iterable<Target>, window: Window): AsyncIterable<{ device: DeviceRecord; frame: Frame }> {
    for (const { device, metrics } of targets) {
      for (const [group, quantities] of quantitiesByGroup(metrics)) {
        const request = { deviceIds: [device.id], group, quantities, window, complete: true };
        for await (const frame of this.#options.queries.stream(request)) yield { device, frame };
      }
    }
  }

  windowOf(query: AskedWindow): Window {
    return askedWindow(query, { now: this.#options.now(), defaultDays: 1 });
  }

  /**
   * The requested devices, else all by name, each with the requested metrics that it has reported, in order.
   * @throws NotFound for a device or a site that does not exist
   */
  async targets(query: Pick<TelemetryQuery, 'device_id' | 'site_id' | 'metric'>): Promise<Iterable<Target>> {
    const { directory, sites } = this.#options;
    const siteId = query.site_id === undefined ? undefined : (await sites.require(query.site_id)).id;
    const named = query.device_id?.map((name) => directory.require(name)) ?? directory.all().sort(byName);
    const devices = [...new Set(named)].filter((device) => siteId === undefined || device.siteId === siteId);
    const requested = query.metric ? new Set(query.metric) : null;
    // One by one while the answer is made, since there may be very many.
    function* found(): Generator<Target> {
      for (const device of devices) {
        const metrics = directory.metricsOf(device.id).filter((metric) => requested === null || requested.has(metric));
        if (metrics.length > 0) yield { device, metrics: metrics.sort() };
      }
    }
    return found();
  }

  async #raw(targets: readonly Target[], window: Window, maxPoints: number | null, held: HeldAnswer): Promise<History> {
    const { queries, directory, catalogue, now } = this.#options;
    const series: SeriesAnswer[] = [];
    let downsampled = false;
    let values = 0;
    for (const { group, quantities, devices } of byGroup(targets)) {
      for (const device of devices) {
        const metrics = quantities.filter((quantity) =>
          directory.metricsOf(device.id).includes(`${group}.${quantity}`),
        );
        const request = { deviceIds: [device.id], group, quantities: metrics, window };
        const [frame] = await collectFrames(counted(queries.stream(request), held), request.deviceIds);
        for (const quantity of metrics) {
          const full: Series = frame
            ? seriesOf(frame, quantity)
            : { timestamps: new Float64Array(0), values: new Float64Array(0) };
          const points = maxPoints === null ? full : downsample(full, maxPoints);
          downsampled ||= points !== full;
          values += points.timestamps.length;
          if (values > MAX_JSON_VALUES) throw tooLarge();
          series.push({
            device,
            metric: `${group}.${quantity}`,
            unit: catalogue.describe(`${group}.${quantity}`).unit,
            coverage: coverageOf(full, window, reportingOf(device, [`${group}.${quantity}`]), now()),
            timestamps: points.timestamps,
            columns: [['value', points.values]],
          });
        }
      }
    }
    return { window, bucket: 'raw', downsampled, warnings: this.#goneRaw(targets, window), series };
  }

  async #bucketed(
    targets: readonly Target[],
    window: Window,
    { bucket, aggregate: requested }: { bucket: Bucket; aggregate?: readonly Aggregate[] | undefined },
    held: HeldAnswer,
  ): Promise<History> {
    const { queries, catalogue, directory, now } = this.#options;
    const series: SeriesAnswer[] = [];
    let values = 0;
    for (const { group, quantities, devices } of byGroup(targets)) {
      for (const [timeZone, members] of await this.#byTimeZone(devices)) {
        const edges = bucketEdges(window, bucket, timeZone);
        values += edges.length * quantities.length * members.length;
        if (values > MAX_JSON_VALUES) throw tooLarge();
        held.add(edges.length * quantities.length * members.length * COLUMNS_PER_BUCKET);
        const answers = await queries.buckets({ deviceIds: members.map(({ id }) => id), group, quantities, edges });
        for (const [d, { buckets }] of answers.entries()) {
          const device = members[d]!;
          for (const [q, quantity] of quantities.entries()) {
            const metric = `${group}.${quantity}`;
            if (!directory.metricsOf(device.id).includes(metric)) continue;
            const { unit, kind } = catalogue.describe(metric);
            const found = buckets[q]!;
            const aggregates = requested ?? DEFAULT_AGGREGATES[kind];
            series.push({
              device,
              metric,
              unit,
              coverage: bucketCoverage(found, edges, now()),
              timestamps: edges.subarray(0, -1),
              columns: aggregates.map(
                (aggregate) => [aggregate, aggregate === 'mean' ? meansOf(found) : found[aggregate]] as const,
              ),
            });
          }
        }
      }
    }
    return { window, bucket, downsampled: false, warnings: [], series };
  }

  /** Warnings about requested raw samples that retention has deleted. */
  #goneRaw(targets: readonly Target[], { start }: Window): string[] {
    const groups = new Set(targets.flatMap(({ metrics }) => [...quantitiesByGroup(metrics).keys()]));
    return [...groups].flatMap((group) => {
      const from = this.#options.queries.rawFrom(group);
      if (from <= start) return [];
      return [`raw samples of ${group} are available from ${formatInstant(from)} on; earlier values are rollups`];
    });
  }

  async #byTimeZone(devices: readonly DeviceRecord[]): Promise<Map<string, DeviceRecord[]>> {
    const zoneOf = new Map((await this.#options.sites.list()).map(({ id, timezone }) => [id, timezone]));
    return Map.groupBy(devices, ({ siteId }) => zoneOf.get(siteId) ?? 'UTC');
  }
}

/** The finest bucket that gives at most `points` points of a window. */
export function autoBucket({ start, end }: Window, points = DEFAULT_POINTS): (typeof AUTO_BUCKETS)[number] {
  return AUTO_BUCKETS.find((width) => (end - start) / nominalMs(width) <= points) ?? '1mo';
}

/** Counts the values of frames as they arrive, so that too large an answer is detected before all of it is in memory. */
async function* counted(frames: AsyncIterable<Frame>, held: HeldAnswer): AsyncIterable<Frame> {
  for await (const frame of frames) {
    held.add(frame.timestamps.length * (frame.columns.length + 1));
    yield frame;
  }
}

/** @throws InvalidInput for more series than one answer may have */
function fewTargets(targets: Iterable<Target>): Target[] {
  const few: Target[] = [];
  let count = 0;
  for (const target of targets) {
    few.push(target);
    count += target.metrics.length;
    if (count <= MAX_SERIES) continue;
    throw new InvalidInput(
      `this request has more than ${MAX_SERIES} series, the maximum of one answer: specify devices and metrics, or request CSV, Parquet or Arrow`,
    );
  }
  return few;
}

function byName(a: DeviceRecord, b: DeviceRecord): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

export const DEFAULT_AGGREGATES = {
  gauge: ['mean', 'min', 'max'],
  counter: ['mean', 'min', 'max', 'last', 'increase'],
  delta: ['mean', 'min', 'max', 'sum'],
} as const satisfies Record<string, readonly Aggregate[]>;

/** Devices with the same group share a query. */
function byGroup(targets: readonly Target[]): Group[] {
  const groups = new Map<string, { quantities: Set<string>; devices: DeviceRecord[] }>();
  for (const { device, metrics } of targets) {
    for (const [group, quantities] of quantitiesByGroup(metrics)) {
      const known = groups.get(group) ?? { quantities: new Set(), devices: [] };
      for (const quantity of quantities) known.quantities.add(quantity);
      known.devices.push(device);
      groups.set(group, known);
    }
  }
  return [...groups].map(([group, { quantities, devices }]) => ({
    group,
    quantities: [...quantities].sort(),
    devices,
  }));
}

function coverageOf(series: Series, window: Window, reporting: Reporting, now: number): number {
  const { timestamps } = series;
  const end = Math.min(window.end, now);
  if (end <= window.start) return 0;
  const ends = validUntil(series, reporting);
  let covered = 0;
  for (let i = 0; i < timestamps.length; i++) {
    covered += Math.max(Math.min(ends[i]!, end) - timestamps[i]!, 0);
  }
  return Math.min(covered / (end - window.start), 1);
}

function bucketCoverage({ coveredMs }: Buckets, edges: Float64Array, now: number): number {
  const span = Math.min(edges.at(-1) as number, now) - edges[0]!;
  return span <= 0 ? 0 : Math.min(coveredMs.reduce((sum, ms) => sum + ms, 0) / span, 1);
}

function tooLarge(): InvalidInput {
  return new InvalidInput(
    `the answer would contain more than ${MAX_JSON_VALUES} values: request a shorter window, a wider bucket, max_points, or format=csv, parquet or arrow`,
  );
}
