import type { DailyReport } from '@wattkeeper/contract/analytics/energy.ts';
import { formatInstant } from '@wattkeeper/contract/common.ts';
import { maxOf, type Steps } from '../../analytics/energy/steps.ts';
import type { SiteTotals } from '../../analytics/energy/totals.ts';
import { meansOf } from '../../domain/columns/aggregate.ts';
import type { Window } from '../../domain/time/window.ts';
import type { TelemetryQueries } from '../../query/telemetry-queries.ts';
import type { SiteRecord } from '../../storage/records/devices/sites.ts';
import type { SiteEnergy } from './energy-loader.ts';
import { cornerSteps, derivedSteps, LOAD_POWER, type PowerSpan } from './power-steps.ts';
import { reportersOf, type SiteDevices } from './site-sources.ts';

export interface DayDetail {
  readonly report: Pick<
    DailyReport,
    | 'average_battery_soc'
    | 'min_battery_soc'
    | 'max_battery_soc'
    | 'peak_pv_power_kw'
    | 'peak_pv_at'
    | 'peak_consumption_kw'
    | 'peak_consumption_at'
  >;
  readonly socSamples: number;
}

interface DetailOptions {
  readonly queries: TelemetryQueries;
  readonly devices: SiteDevices;
  readonly now: () => number;
}

/** Figures of a day that its sums do not show: the battery's state of charge, and the peak powers with their instants. */
export async function dayDetail(
  { queries, devices, now }: DetailOptions,
  site: SiteRecord,
  energy: SiteEnergy & { readonly window: Window },
  totals: SiteTotals,
): Promise<DayDetail> {
  const { window, sources, reported, dark } = energy;
  const span: PowerSpan = { window, asOf: now(), dark };
  const has = new Set(energy.slots.present);
  const [soc, solar, load] = await Promise.all([
    batterySoc(queries, devices, site, window, now()),
    totals.solarKwh === null ? null : cornerSteps(queries, sources, 'solar', span),
    reported.has('load')
      ? cornerSteps(queries, sources, 'load', span)
      : derivedSteps(queries, sources, LOAD_POWER, has, span).then((derived) => derived?.steps ?? null),
  ]);
  const pv = peakOf(solar, window);
  const consumption = peakOf(load, window);
  return {
    report: {
      average_battery_soc: soc.mean,
      min_battery_soc: soc.min,
      max_battery_soc: soc.max,
      peak_pv_power_kw: pv.kw,
      peak_pv_at: pv.at,
      peak_consumption_kw: consumption.kw,
      peak_consumption_at: consumption.at,
    },
    socSamples: soc.samples,
  };
}

function peakOf(steps: Steps | null, window: Window): { kw: number | null; at: string | null } {
  const peak = steps && maxOf(steps, window);
  return peak ? { kw: peak.value, at: formatInstant(peak.instant) } : { kw: null, at: null };
}

/** Time-weighted mean, minimum and maximum state of charge; for several batteries the mean of their means. */
async function batterySoc(
  queries: TelemetryQueries,
  devices: SiteDevices,
  site: SiteRecord,
  window: Window,
  asOf: number,
) {
  const all = reportersOf(
    devices.ofSite(site.id),
    (deviceId) => queries.metricsOf(deviceId),
    'battery.soc_percent',
    'battery',
  );
  const ofBatteries = all.filter(({ kind }) => kind === 'battery');
  const reporters = ofBatteries.length > 0 ? ofBatteries : all;
  if (reporters.length === 0) return { mean: null, min: null, max: null, samples: 0 };
  const answers = await queries.buckets({
    deviceIds: reporters.map(({ id }) => id),
    group: 'battery',
    quantities: ['soc_percent'],
    edges: Float64Array.of(window.start, window.end),
    asOf,
  });
  const buckets = answers.flatMap((answer) => answer.buckets);
  const means = buckets.map((one) => meansOf(one)[0]!).filter((mean) => mean === mean);
  const sampled = buckets.filter(({ count }) => count[0]! > 0);
  return {
    mean: means.length > 0 ? means.reduce((sum, mean) => sum + mean, 0) / means.length : null,
    min: sampled.length > 0 ? Math.min(...sampled.map(({ min }) => min[0]!)) : null,
    max: sampled.length > 0 ? Math.max(...sampled.map(({ max }) => max[0]!)) : null,
    samples: sampled.reduce((sum, { count }) => sum + count[0]!, 0),
  };
}
