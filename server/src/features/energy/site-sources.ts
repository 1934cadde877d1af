import {
  BALANCE_LABEL,
  CORNER_METRICS,
  type Corner,
  type CornerMetrics,
  EXCLUDED,
  rankOf,
} from '../../analytics/energy/corners.ts';
import type { DeviceRecord } from '../../storage/records/devices.ts';

/** The devices of sites, as the device directory holds them in memory. */
export interface SiteDevices {
  ofSite(siteId: string): readonly DeviceRecord[];
}

/** One device that reports one corner of its site. */
export interface CornerSource {
  readonly metrics: CornerMetrics;
  readonly deviceId: string;
  readonly expectedIntervalMs: number | null;
  /** 0 is believed first. */
  readonly rank: number;
  readonly hasPower: boolean;
  readonly hasPositiveCounter: boolean;
  readonly hasNegativeCounter: boolean;
}

/** Who reports which corner of a site. */
export function cornerSources(
  devices: readonly DeviceRecord[],
  metricsOf: (deviceId: string) => readonly string[],
): CornerSource[] {
  return devices
    .filter(({ labels }) => labels[BALANCE_LABEL] !== EXCLUDED)
    .flatMap((device) => {
      const known = new Set(metricsOf(device.id));
      return CORNER_METRICS.map((metrics): CornerSource => {
        const has = (quantity: string | null) => quantity !== null && known.has(`${metrics.group}.${quantity}`);
        return {
          metrics,
          deviceId: device.id,
          expectedIntervalMs: device.expectedIntervalS === null ? null : device.expectedIntervalS * 1000,
          rank: rankOf(metrics.kinds, device.kind),
          hasPower: has(metrics.power),
          hasPositiveCounter: has(metrics.positive),
          hasNegativeCounter: has(metrics.negative),
        };
      }).filter((source) => source.hasPower || source.hasPositiveCounter || source.hasNegativeCounter);
    });
}

/** The sources of a corner that are believed first. */
export function bestSources(sources: readonly CornerSource[], corner: Corner): CornerSource[] {
  const ofCorner = sources.filter(({ metrics }) => metrics.corner === corner);
  const best = Math.min(...ofCorner.map(({ rank }) => rank));
  return ofCorner.filter(({ rank }) => rank === best);
}

/** Devices of a site, best first, that report a metric: those of the kind that is made for it, then by name. */
export function reportersOf(
  devices: readonly DeviceRecord[],
  metricsOf: (deviceId: string) => readonly string[],
  metric: string,
  kind: DeviceRecord['kind'],
): DeviceRecord[] {
  return devices
    .filter((device) => metricsOf(device.id).includes(metric))
    .sort((a, b) => Number(b.kind === kind) - Number(a.kind === kind) || (a.name < b.name ? -1 : 1));
}
