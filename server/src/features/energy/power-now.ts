import type { PowerNow } from '@wattkeeper/contract/analytics/energy.ts';
import { formatInstant } from '@wattkeeper/contract/common.ts';
import { MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import type { Corner } from '../../analytics/energy/corners.ts';
import { GAP_FACTOR, type Reporting } from '../../domain/time/cadence.ts';
import type { LatestSample, TelemetryQueries } from '../../query/telemetry-queries.ts';
import { reportingOf } from '../devices/declared-rules.ts';
import { bestSources, type CornerSource, cornerSources, type SiteDevices, type SiteOfSources } from './site-sources.ts';

/** Time for which a value of a device without a declared interval is current: devices report at least every few minutes. */
const CURRENT_MS = 15 * MINUTE_MS;

/** The current power of a site: the newest values that are still current, and the others derived from the balance. */
export async function powerNow(
  queries: TelemetryQueries,
  directory: SiteDevices,
  site: SiteOfSources,
  priceNow: () => Promise<number | null>,
  now: number,
): Promise<PowerNow> {
  const devices = directory.ofSite(site.id).filter(({ retiredAt }) => retiredAt === null || retiredAt > now);
  const samples = new Map(
    queries.latest(devices.map(({ id }) => id)).map((sample) => [`${sample.deviceId} ${sample.metric}`, sample]),
  );
  const instant = { start: now, end: now + 1 };
  const living = new Set(devices.map(({ id }) => id));
  const sources = cornerSources(queries, directory, site, now).filter(({ deviceId }) => living.has(deviceId));
  const current = new CurrentValues(samples, now);
  const power = (corner: Corner) => current.sum(bestSources(sources, corner, instant));
  const solar = power('solar');
  const battery = power('battery');
  const measuredGrid = power('grid');
  const measuredLoad = power('load');
  const hasSolar = sources.some(({ metrics }) => metrics.corner === 'solar');
  const hasBattery = devices.some(({ id }) => queries.metricsOf(id).some((metric) => metric.startsWith('battery.')));
  const net = (hasSolar ? (solar ?? Number.NaN) : 0) - (hasBattery ? (battery ?? Number.NaN) : 0);
  const soc = devices
    .map((device) => current.of(device.id, reportingOf(device), 'battery.soc_percent'))
    .filter((value) => value !== null);
  return {
    solar_kw: solar,
    battery_kw: battery,
    battery_soc_percent: soc.length > 0 ? soc.reduce((sum, value) => sum + value, 0) / soc.length : null,
    grid_kw: measuredGrid ?? (measuredLoad === null ? null : known(measuredLoad - net)),
    load_kw: measuredLoad ?? (measuredGrid === null ? null : known(Math.max(measuredGrid + net, 0))),
    vehicle_kw: power('vehicle'),
    machines_kw: power('machines'),
    import_price_per_kwh: await priceNow(),
    timestamp: current.newest === null ? null : formatInstant(current.newest),
  };
}

function known(kw: number): number | null {
  return kw === kw ? kw : null;
}

/** The latest samples that are recent enough to be current. */
class CurrentValues {
  readonly #samples: ReadonlyMap<string, LatestSample>;
  readonly #now: number;
  /** Newest instant of any value that was used. */
  newest: number | null = null;

  constructor(samples: ReadonlyMap<string, LatestSample>, now: number) {
    this.#samples = samples;
    this.#now = now;
  }

  of(deviceId: string, { expectedIntervalMs, holdsMs }: Reporting, metric: string): number | null {
    const sample = this.#samples.get(`${deviceId} ${metric}`);
    const heldMs = holdsMs ?? (expectedIntervalMs === null ? CURRENT_MS : GAP_FACTOR * expectedIntervalMs);
    if (sample === undefined || this.#now - sample.timestamp > heldMs) return null;
    this.newest = Math.max(this.newest ?? sample.timestamp, sample.timestamp);
    return sample.value;
  }

  /** Sum of the sources' powers, or null when none is current. */
  sum(sources: readonly CornerSource[]): number | null {
    const values = sources
      .map(({ deviceId, metrics, reporting }) => this.of(deviceId, reporting, `${metrics.group}.${metrics.power}`))
      .filter((value) => value !== null);
    return values.length > 0 ? values.reduce((sum, value) => sum + value, 0) : null;
  }
}
