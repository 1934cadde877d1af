import { HOUR_MS, MINUTE_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import type { SiteSlots } from '../../analytics/energy/balance.ts';
import type { Corner } from '../../analytics/energy/corners.ts';
import { mixedRuns, signedBuckets } from '../../analytics/energy/signed-buckets.ts';
import { type DeviceEnergy, darkSlots, type SiteEnergyInput, siteEnergy } from '../../analytics/energy/site-energy.ts';
import { joinSlots, sliceSlots } from '../../analytics/energy/slot-columns.ts';
import { type SignedEnergy, splitSteps } from '../../analytics/energy/steps.ts';
import type { Buckets } from '../../domain/columns/aggregate.ts';
import { lowerBound } from '../../domain/columns/frame.ts';
import { addDays, bucketEdges, dayOf, dayWindow } from '../../domain/time/site-time.ts';
import type { Window } from '../../domain/time/window.ts';
import type { TelemetryQueries } from '../../query/telemetry-queries.ts';
import type { SiteRecord } from '../../storage/records/devices/sites.ts';
import { type IntervalSeries, intervalSamples, oneWay } from './interval-samples.ts';
import { derivedSteps, deviceSteps, GRID_POWER } from './power-steps.ts';
import { type CornerSource, cornerSources, type SiteDevices, silenceWarnings } from './site-sources.ts';

/** A site's energy over a window, by slots of at most 15 minutes that start at local midnight. */
export interface SiteEnergy {
  readonly slots: SiteSlots;
  /** Corners that at least one device of the site reports. */
  readonly reported: ReadonlySet<Corner>;
  /** Samples of power and counters in the window. */
  readonly dataPoints: number;
  readonly sources: readonly CornerSource[];
  /** Nights in the window, in which panels without readings produce nothing. */
  readonly dark: readonly Window[];
  /** Warnings about devices that have been silent since an instant in the window. */
  readonly warnings: readonly string[];
}

export type SiteOfEnergy = Pick<SiteRecord, 'id' | 'timezone' | 'latitude' | 'longitude'>;

/** Margin of the slots around a span: whole days, and one bucket at each end. */
interface Margin {
  readonly days: number;
  readonly bucketMs: number;
}
/** Margin in which readings around a span are loaded: the nights around it show when panels are off, and distant readings of counters the growth across a gap at its edge. */
const WIDE: Margin = { days: 1, bucketMs: 2 * UTC_DAY_MS };
/** Power alone needs only the slots. */
const NARROW: Margin = { days: 0, bucketMs: 15 * MINUTE_MS };

/** Reads the readings of a site's devices and computes its energy, a month at a time. */
export class EnergyLoader {
  readonly #queries: TelemetryQueries;
  readonly #devices: SiteDevices;

  constructor(queries: TelemetryQueries, devices: SiteDevices) {
    this.#queries = queries;
    this.#devices = devices;
  }

  /**
   * @param window whose edges are edges of slots
   * @param asOf now: no data after it
   */
  async load(site: SiteOfEnergy, window: Window, asOf: number): Promise<SiteEnergy> {
    const devices = this.#devices.ofSite(site.id);
    const metricsOf = (deviceId: string) => this.#queries.metricsOf(deviceId);
    const sources = cornerSources(this.#queries, this.#devices, site, asOf);
    const hasBattery = devices.some(({ id }) => metricsOf(id).includes('battery.soc_percent'));
    const parts: Part[] = [];
    for (const span of spansOf(window, site.timezone)) {
      parts.push(await this.#loadSpan(site, sources, hasBattery, span, asOf));
    }
    return {
      slots: joinSlots(parts.map(({ slots }) => slots)),
      reported: new Set(sources.map(({ metrics }) => metrics.corner)),
      dataPoints: parts.reduce((sum, part) => sum + part.dataPoints, 0),
      sources,
      dark: parts.flatMap(({ dark }) => dark),
      warnings: [...silenceWarnings(sources, window, asOf), ...new Set(parts.flatMap(({ coarse }) => coarse))],
    };
  }

  async #loadSpan(
    site: SiteOfEnergy,
    sources: readonly CornerSource[],
    hasBattery: boolean,
    span: Window,
    asOf: number,
  ): Promise<Part> {
    const edges = slotEdges(span, site.timezone, sources.some(looksAround) ? WIDE : NARROW);
    const read = await Promise.all(
      [...byGroup(sources).values()].map((group) => this.#readGroup(group, edges, span, asOf)),
    );
    const devices = read.flatMap((group) => group.devices);
    const { latitude, longitude } = site;
    const place = latitude === null || longitude === null ? null : { latitudeDeg: latitude, longitudeDeg: longitude };
    const dark = darkSlots(devices, place, edges, asOf);
    const input: SiteEnergyInput = { edges, asOf, devices, hasBattery, dark, derivedGrid: null };
    const derivedGrid = await this.#deriveGrid(sources, input);
    const from = lowerBound(edges, span.start);
    const to = lowerBound(edges, span.end);
    return {
      slots: sliceSlots(siteEnergy({ ...input, derivedGrid }), from, to),
      dataPoints: read.reduce((sum, group) => sum + group.dataPoints, 0),
      dark: dark === null ? [] : darkWindows(dark, edges, from, to),
      coarse: read.flatMap((group) => group.coarse),
    };
  }

  /** One query to the store for all devices of a metric group; raw samples only in slots in which a power changes its sign. */
  async #readGroup(sources: readonly CornerSource[], edges: Float64Array, span: Window, asOf: number) {
    const { metrics } = sources[0]!;
    const quantities = [
      ...(sources.some(({ hasPower }) => hasPower) ? [metrics.power] : []),
      ...(sources.some(({ hasPositiveCounter }) => hasPositiveCounter) ? [metrics.positive] : []),
      ...(metrics.negative && sources.some(({ hasNegativeCounter }) => hasNegativeCounter) ? [metrics.negative] : []),
    ];
    const deviceIds = sources.map(({ deviceId }) => deviceId);
    const answers =
      quantities.length === 0
        ? []
        : await this.#queries.buckets({ deviceIds, group: metrics.group, quantities, edges, asOf });
    const from = lowerBound(edges, span.start);
    const to = lowerBound(edges, span.end);
    let dataPoints = 0;
    const coarse: string[] = [];
    const devices = await Promise.all(
      sources.map(async (source, i): Promise<DeviceEnergy> => {
        const buckets = answers[i]?.buckets ?? [];
        for (const { count } of buckets) for (let s = from; s < to; s++) dataPoints += count[s]!;
        const of = (reports: boolean, quantity: string | null): Buckets | null =>
          (reports ? buckets[quantities.indexOf(quantity ?? '')] : undefined) ?? null;
        const power = of(source.hasPower, metrics.power);
        const intervals = await this.#intervals(source, edges, asOf);
        if (intervals.maxMs > HOUR_MS) coarse.push(coarseWarning(source, intervals.maxMs));
        for (const starts of intervals.starts)
          dataPoints += lowerBound(starts, span.end) - lowerBound(starts, span.start);
        return {
          corner: metrics.corner,
          rank: source.rank,
          life: source.life,
          power: power && (await this.#splitBySign(source, power, edges, asOf)),
          positiveCounter: of(source.hasPositiveCounter, metrics.positive),
          negativeCounter: of(source.hasNegativeCounter, metrics.negative),
          positiveIntervals: intervals.positive,
          negativeIntervals: intervals.negative,
        };
      }),
    );
    return { devices, dataPoints, coarse };
  }

  /** Energies per interval of both directions: metrics of one direction take precedence over signed ones. */
  async #intervals({ intervals }: CornerSource, edges: Float64Array, asOf: number) {
    const window = { start: edges[0]!, end: edges.at(-1)! };
    const of = (series: IntervalSeries | null) =>
      series === null ? null : intervalSamples(this.#queries, series, window, asOf);
    const [net, positive, negative] = await Promise.all([
      of(intervals.net),
      of(intervals.positive),
      of(intervals.negative),
    ]);
    const all = [net, positive, negative].filter((one) => one !== null);
    return {
      positive: positive ?? (net && oneWay(net, 1)),
      negative: negative ?? (net && oneWay(net, -1)),
      starts: all.map(({ starts }) => starts),
      maxMs: all.reduce(
        (most, { starts, ends }) => ends.reduce((of, end, i) => Math.max(of, end - starts[i]!), most),
        0,
      ),
    };
  }

  async #splitBySign(source: CornerSource, power: Buckets, edges: Float64Array, asOf: number): Promise<SignedEnergy> {
    const { energy, mixed } = signedBuckets(power);
    mixed[0] = 0;
    mixed[mixed.length - 1] = 0;
    for (const window of daysOf(mixedRuns(mixed), edges)) {
      const first = lowerBound(edges, window.start);
      const part = edges.subarray(first, lowerBound(edges, window.end) + 1);
      const exact = splitSteps(await deviceSteps(this.#queries, source, window, asOf), part);
      for (let s = 0; s + 1 < part.length; s++) {
        if (mixed[first + s] === 0) continue;
        energy.positive[first + s] = exact.positive[s]!;
        energy.negative[first + s] = exact.negative[s]!;
      }
    }
    return energy;
  }

  /** If no device reports the grid, its power is derived from the other corners, sample by sample. */
  async #deriveGrid(sources: readonly CornerSource[], input: SiteEnergyInput) {
    const { edges, asOf, devices, dark, hasBattery } = input;
    if (devices.some(({ corner }) => corner === 'grid')) return null;
    const has = new Set(devices.map(({ corner }) => corner));
    if (hasBattery) has.add('battery');
    const inner = edges.subarray(1, -1);
    const window = { start: inner[0]!, end: inner.at(-1) as number };
    const night = dark === null ? [] : darkWindows(dark, edges, 1, edges.length - 2);
    const derived = await derivedSteps(this.#queries, sources, GRID_POWER, has, { window, asOf, dark: night });
    return derived && { energy: splitSteps(derived.steps, edges), from: derived.from };
  }
}

interface Part {
  readonly slots: SiteSlots;
  readonly dataPoints: number;
  readonly dark: readonly Window[];
  /** Warnings about energies of long intervals. */
  readonly coarse: readonly string[];
}

/** A window divided at the months of the site's calendar, to bound the memory needed at once. */
function spansOf(window: Window, timeZone: string): Window[] {
  const inner = [...bucketEdges(window, '1mo', timeZone)].filter((edge) => edge > window.start && edge < window.end);
  const edges = [window.start, ...inner, window.end];
  return edges.slice(1).map((end, i) => ({ start: edges[i]!, end }));
}

function looksAround({ metrics, hasPositiveCounter, hasNegativeCounter }: CornerSource): boolean {
  return hasPositiveCounter || hasNegativeCounter || metrics.corner === 'solar';
}

/** Quarter hours of the local days of a span and of the margin around it, with the span's own edges, and one bucket at each end. */
function slotEdges(span: Window, timeZone: string, { days, bucketMs }: Margin): Float64Array {
  const first = dayWindow(addDays(dayOf(span.start, timeZone), -days), timeZone);
  const last = dayWindow(addDays(dayOf(span.end - 1, timeZone), days), timeZone);
  const quarters = bucketEdges({ start: first.start, end: last.end }, '15m', timeZone);
  const edges = new Set([...quarters, span.start, span.end]);
  edges.add(first.start - bucketMs);
  edges.add((quarters.at(-1) as number) + bucketMs);
  return Float64Array.from(edges).sort();
}

function coarseWarning({ deviceName, metrics }: CornerSource, intervalMs: number): string {
  const hours = Math.round(intervalMs / HOUR_MS);
  return `${deviceName} reports the energy of ${metrics.group} per ${hours} h: within them it is spread evenly where no power shows its course, so that shorter periods, flows and prices that change within them are estimates`;
}

function byGroup(sources: readonly CornerSource[]): Map<string, CornerSource[]> {
  const groups = new Map<string, CornerSource[]>();
  for (const source of sources) {
    const { group } = source.metrics;
    groups.set(group, [...(groups.get(group) ?? []), source]);
  }
  return groups;
}

/** Runs of slots as windows; runs less than a day apart are merged, because reporting intervals are determined by whole days. */
function daysOf(runs: readonly { readonly from: number; readonly to: number }[], edges: Float64Array): Window[] {
  const windows: { start: number; end: number }[] = [];
  for (const { from, to } of runs) {
    const start = edges[from]!;
    const end = edges[to]!;
    const last = windows.at(-1);
    if (last !== undefined && start - last.end < UTC_DAY_MS) last.end = end;
    else windows.push({ start, end });
  }
  return windows;
}

function darkWindows(dark: Uint8Array, edges: Float64Array, from: number, to: number): Window[] {
  return mixedRuns(dark.subarray(from, to)).map((run) => ({
    start: edges[from + run.from]!,
    end: edges[from + run.to]!,
  }));
}
