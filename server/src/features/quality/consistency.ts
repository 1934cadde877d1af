import type { Consistency } from '@wattkeeper/contract/storage/quality.ts';
import type { SiteSlots } from '../../analytics/energy/balance.ts';
import { measuredSides } from '../../analytics/energy/sides.ts';
import { splitSteps } from '../../analytics/energy/steps.ts';
import { agrees, deviation, isBalanced } from '../../analytics/quality/score.ts';
import type { Window } from '../../domain/time/window.ts';
import type { TelemetryQueries } from '../../query/telemetry-queries.ts';
import type { SiteRecord } from '../../storage/records/devices/sites.ts';
import { deviceSteps } from '../energy/power-steps.ts';
import type { EnergyService } from '../energy/service.ts';
import { type CornerSource, cornerSources, type SiteDevices } from '../energy/site-sources.ts';

export interface ConsistencyOptions {
  readonly queries: TelemetryQueries;
  readonly devices: SiteDevices;
  readonly energy: EnergyService;
  readonly now: () => number;
}

/** Compares the readings of a site's devices with each other. */
export async function consistencyOf(
  options: ConsistencyOptions,
  site: SiteRecord,
  window: Window,
): Promise<Consistency[]> {
  const { queries, devices, energy } = options;
  const ofSite = devices.ofSite(site.id);
  const names = new Map(ofSite.map(({ id, name }) => [id, name]));
  const sources = cornerSources(queries, devices, site, options.now());
  const checks = await Promise.all(sources.map((source) => powerAgainstCounters(options, source, window)));
  const balance = siteBalance((await energy.energy(site, window)).slots);
  return [
    ...(balance ? [balance] : []),
    ...checks.flat().map((check) => ({ ...check, device_name: names.get(check.device_id ?? '') ?? null })),
  ];
}

function siteBalance(slots: SiteSlots): Consistency | null {
  const sides = measuredSides(slots);
  if (sides === null) return null;
  const { inKwh, outKwh } = sides;
  return {
    kind: 'site_balance',
    device_id: null,
    device_name: null,
    subject: 'solar + import + discharge = load + export + charge + losses',
    measured_kwh: inKwh,
    accounted_kwh: outKwh,
    deviation: deviation(inKwh, outKwh),
    consistent: isBalanced(inKwh, outKwh),
  };
}

/** Compares the energy of a device's counters with its power over the same stretch; skipped if power is missing in part of it. */
async function powerAgainstCounters(
  { queries, now }: ConsistencyOptions,
  source: CornerSource,
  window: Window,
): Promise<Consistency[]> {
  const { metrics, deviceId } = source;
  const quantities = [
    ...(source.hasPositiveCounter ? [metrics.positive] : []),
    ...(source.hasNegativeCounter && metrics.negative ? [metrics.negative] : []),
  ];
  if (!source.hasPower || quantities.length === 0) return [];
  const frames = await queries.frames({ deviceIds: [deviceId], group: metrics.group, quantities, window });
  const { timestamps } = frames[0] ?? { timestamps: new Float64Array(0) };
  if (timestamps.length < 2) return [];
  const edges = Float64Array.of(timestamps[0]!, timestamps.at(-1) as number);
  const power = splitSteps(await deviceSteps(queries, source, window, now()), edges);
  if (power.coveredMs[0]! < 0.98 * (edges[1]! - edges[0]!)) return [];
  // A counter's last value belongs to the stretch, so the bucket ends 1 ms after it.
  const span = Float64Array.of(edges[0]!, edges[1]! + 1);
  const [answer] = await queries.buckets({ deviceIds: [deviceId], group: metrics.group, quantities, edges: span });
  return quantities.flatMap((quantity, i) => {
    const counted = answer?.buckets[i]?.increase[0] ?? Number.NaN;
    const integrated = (quantity === metrics.positive ? power.positive[0] : power.negative[0]) as number;
    if (counted !== counted || integrated !== integrated) return [];
    return [
      {
        kind: 'power_and_counter' as const,
        device_id: deviceId,
        device_name: null,
        subject: `${metrics.group}.${quantity}`,
        measured_kwh: counted,
        accounted_kwh: integrated,
        deviation: deviation(counted, integrated),
        consistent: agrees(counted, integrated),
      },
    ];
  });
}
