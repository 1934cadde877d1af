import type { KpiName } from '@wattkeeper/contract/analytics/kpi.ts';
import { formatInstant } from '@wattkeeper/contract/common.ts';
import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import type { Metric, MetricKind } from '@wattkeeper/contract/metric.ts';
import type { Outcome } from '../../analytics/kpi/check-expression.ts';
import { type Leaf, printExpression } from '../../analytics/kpi/expression.ts';
import { metricValue } from '../../analytics/kpi/metric-value.ts';
import type { Buckets } from '../../domain/columns/aggregate.ts';
import { splitMetric } from '../../domain/metric-catalogue.ts';
import type { Window } from '../../domain/time/window.ts';
import type { TelemetryQueries } from '../../query/telemetry-queries.ts';
import type { DeviceRecord } from '../../storage/records/devices/device-record.ts';
import type { SiteDevices } from '../energy/site-sources.ts';
import { meterOf } from './meter.ts';
import type { KpiService } from './service.ts';

/** Groups that describe a whole site: a metric that a machine does not report is read from the site's other devices. */
const AROUND = new Set(['environment', 'weather', 'price', 'carbon']);
const COMPLETE = 0.99;

export interface LeafOptions {
  readonly queries: TelemetryQueries;
  readonly devices: SiteDevices;
  readonly kpis: KpiService;
  readonly catalogue: { describe(name: string): Metric };
  readonly now: () => number;
}

/** The value of one leaf, with its coverage. */
interface Loaded {
  readonly outcome: Outcome;
  /** Share of the window for which a gauge or the machine's energy is known; null for metrics without continuous measurement. */
  readonly coverage: number | null;
  readonly warnings: readonly string[];
}

/** Loads the inputs of expressions for a machine in a window, each series once. */
export async function readLeaves(
  options: LeafOptions,
  leaves: readonly Leaf[],
  machine: DeviceRecord,
  window: Window,
): Promise<(leaf: Leaf) => Loaded> {
  const elapsedMs = Math.max(Math.min(window.end, options.now()) - window.start, 0);
  const figureOf = await loadFigures(options, leaves, machine, window);
  const buckets = bucketLoader(options, machine, window);
  const load = async (leaf: Leaf): Promise<Loaded> => {
    if (leaf.type === 'kpi') return figureOf(leaf.name);
    if (leaf.type === 'hours') return { outcome: { value: elapsedMs / HOUR_MS }, coverage: null, warnings: [] };
    const { kind } = options.catalogue.describe(leaf.metric);
    return toLoaded(leaf, kind, await buckets(leaf.metric), elapsedMs);
  };
  const keys = new Map(leaves.map((leaf) => [printExpression(leaf), leaf]));
  const loaded = new Map(await Promise.all([...keys].map(async ([key, leaf]) => [key, await load(leaf)] as const)));
  return (leaf) => loaded.get(printExpression(leaf)) as Loaded;
}

/** Key figures, all from one load of the machine's energy. */
async function loadFigures(
  { kpis, queries }: LeafOptions,
  leaves: readonly Leaf[],
  machine: DeviceRecord,
  { start, end }: Window,
): Promise<(name: KpiName) => Loaded> {
  const names = new Set(leaves.flatMap((leaf) => (leaf.type === 'kpi' ? leaf.name : [])));
  if (names.size === 0 || meterOf(queries, machine.id) === null) {
    const outcome = { reason: `${machine.name} does not report its consumption` };
    return () => ({ outcome, coverage: 0, warnings: [] });
  }
  const query = { machine_id: machine.id, start: formatInstant(start), end: formatInstant(end) };
  const { values, coverage, warnings } = await kpis.figures(query, names);
  return (name) => ({ outcome: values[name], coverage, warnings });
}

/** The whole window of a metric as one bucket, queried once for all functions; null if no device reports it. */
function bucketLoader({ queries, devices, now }: LeafOptions, machine: DeviceRecord, { start, end }: Window) {
  const requested = new Map<string, Promise<Buckets | null>>();
  const load = async (metric: string): Promise<Buckets | null> => {
    const { group, quantity } = splitMetric(metric);
    const around = AROUND.has(group) ? devices.ofSite(machine.siteId) : [];
    const reporter = [machine, ...around].find(({ id }) => queries.metricsOf(id).includes(metric));
    if (reporter === undefined) return null;
    const edges = Float64Array.of(start, end);
    const request = { deviceIds: [reporter.id], group, quantities: [quantity], edges, asOf: now() };
    const [answer] = await queries.buckets(request);
    return answer?.buckets[0] ?? null;
  };
  return (metric: string) => {
    const known = requested.get(metric) ?? load(metric);
    requested.set(metric, known);
    return known;
  };
}

/** Only gauges are measured continuously, so only they have a coverage. */
function toLoaded({ apply, metric }: MetricLeaf, kind: MetricKind, buckets: Buckets | null, elapsedMs: number): Loaded {
  const isGauge = kind === 'gauge';
  if (buckets === null) {
    const reason = `${metric} is reported neither by the machine nor, for its surroundings, by its site`;
    return { outcome: { reason }, coverage: isGauge ? 0 : null, warnings: [] };
  }
  const value = metricValue(apply, kind, buckets);
  const covered = buckets.coveredMs[0] ?? 0;
  const coverage = isGauge ? (elapsedMs === 0 ? 0 : Math.min(covered / elapsedMs, 1)) : null;
  if (Number.isNaN(value))
    return { outcome: { reason: `${metric} is not known in this window` }, coverage, warnings: [] };
  const isPartial = coverage !== null && coverage < COMPLETE;
  const warnings = isPartial ? [`${metric} is known for ${(100 * coverage).toFixed(1)} % of this window`] : [];
  return { outcome: { value }, coverage, warnings };
}

type MetricLeaf = Extract<Leaf, { type: 'metric' }>;
