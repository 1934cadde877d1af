import { formatInstant } from '@wattkeeper/contract/common.ts';
import { SECOND_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import {
  BALANCE_LABEL,
  CORNER_METRICS,
  type Corner,
  type CornerMetrics,
  EXCLUDED,
  isPerInterval,
  rankOf,
} from '../../analytics/energy/corners.ts';
import type { Life } from '../../analytics/energy/life.ts';
import { splitMetric } from '../../domain/metric-catalogue.ts';
import type { Reporting } from '../../domain/time/cadence.ts';
import type { Window } from '../../domain/time/window.ts';
import type { TelemetryQueries } from '../../query/telemetry-queries.ts';
import type { DeviceRecord } from '../../storage/records/devices/device-record.ts';
import type { SiteRecord } from '../../storage/records/devices/sites.ts';
import { reportingOf } from '../devices/declared-rules.ts';
import { declaredLengthMs, declaredWidth, type IntervalSeries } from './interval-samples.ts';

/** The devices of sites, as in the device directory. */
export interface SiteDevices {
  ofSite(siteId: string): readonly DeviceRecord[];
  /** Earliest reading of a device in a metric group, or null. */
  firstReadingAt(deviceId: string, group: string): number | null;
}

/** The site of devices. */
export type SiteOfSources = Pick<SiteRecord, 'id' | 'timezone'>;

/** One device that reports one corner of its site. */
export interface CornerSource {
  readonly metrics: CornerMetrics;
  readonly deviceId: string;
  readonly reporting: Reporting;
  readonly deviceName: string;
  /** Precedence; 0 is the highest. */
  readonly rank: number;
  readonly life: Life;
  readonly hasPower: boolean;
  readonly hasPositiveCounter: boolean;
  readonly hasNegativeCounter: boolean;
  /** Its energies per interval; null if not reported. */
  readonly intervals: Readonly<Record<'net' | 'positive' | 'negative', IntervalSeries | null>>;
}

/** A device that is silent for longer is assumed to have ended. */
const GONE_MS = UTC_DAY_MS;

/** The devices that report each corner of a site, and the time over which they do. */
export function cornerSources(
  queries: Pick<TelemetryQueries, 'metricsOf' | 'latest'>,
  devices: SiteDevices,
  { id: siteId, timezone: timeZone }: SiteOfSources,
  now: number,
): CornerSource[] {
  const counted = devices.ofSite(siteId).filter(({ labels }) => labels[BALANCE_LABEL] !== EXCLUDED);
  const byId = new Map(counted.map((device) => [device.id, device]));
  const lastAt = new Map<string, number>();
  for (const { deviceId, metric, timestamp } of queries.latest(counted.map(({ id }) => id))) {
    const key = `${deviceId} ${splitMetric(metric).group}`;
    const device = byId.get(deviceId)!;
    const until = timestamp + (isPerInterval(metric) ? declaredLengthMs(device, metric) : 0);
    lastAt.set(key, Math.max(lastAt.get(key) ?? Number.NEGATIVE_INFINITY, until));
  }
  const sources = counted.flatMap((device) => {
    const known = new Set(queries.metricsOf(device.id));
    return CORNER_METRICS.map((metrics): CornerSource => {
      const has = (quantity: string | null) => quantity !== null && known.has(`${metrics.group}.${quantity}`);
      const intervals = (way: 'net' | 'positive' | 'negative'): IntervalSeries | null => {
        const { group, intervals: quantities } = metrics;
        const quantity = quantities[way];
        if (quantity === null || !has(quantity)) return null;
        const width = declaredWidth(device, `${group}.${quantity}`);
        return { deviceId: device.id, group, quantity, width, timeZone };
      };
      return {
        metrics,
        deviceId: device.id,
        deviceName: device.name,
        reporting: reportingOf(device),
        rank: rankOf(metrics.kinds, device.kind),
        life: {
          start: devices.firstReadingAt(device.id, metrics.group) ?? Number.NEGATIVE_INFINITY,
          end: device.retiredAt ?? Number.POSITIVE_INFINITY,
          // Values that are reported on change hold until the next one.
          silentFrom:
            (lastAt.get(`${device.id} ${metrics.group}`) ?? Number.POSITIVE_INFINITY) +
            SECOND_MS * (device.holdsS ?? 0),
        },
        hasPower: has(metrics.power),
        hasPositiveCounter: has(metrics.positive),
        hasNegativeCounter: has(metrics.negative),
        intervals: { net: intervals('net'), positive: intervals('positive'), negative: intervals('negative') },
      };
    }).filter(({ hasPower, hasPositiveCounter, hasNegativeCounter, intervals: { net, positive, negative } }) =>
      [hasPower, hasPositiveCounter, hasNegativeCounter, net, positive, negative].some(Boolean),
    );
  });
  return sources.map((source) => (isGone(source, sources, now) ? source : withoutSilence(source)));
}

/** Whether a device is assumed to have ended with its last reading: it is long ago, or another device has replaced it. */
function isGone(source: CornerSource, all: readonly CornerSource[], now: number): boolean {
  const { silentFrom } = source.life;
  return now - silentFrom > GONE_MS || partnersOf(source, all).some(({ life }) => life.start >= silentFrom);
}

function withoutSilence(source: CornerSource): CornerSource {
  return { ...source, life: { ...source.life, silentFrom: Number.POSITIVE_INFINITY } };
}

/** Other devices that measure other parts of the same corner. */
export function partnersOf(source: CornerSource, all: readonly CornerSource[]): CornerSource[] {
  return all.filter(
    (other) => other !== source && other.metrics.corner === source.metrics.corner && other.rank === source.rank,
  );
}

/** The sources of a corner with the highest precedence among those that are alive in a window. */
export function bestSources(sources: readonly CornerSource[], corner: Corner, window: Window): CornerSource[] {
  const living = sources.filter(
    ({ metrics, life }) => metrics.corner === corner && life.start < window.end && life.end > window.start,
  );
  const best = Math.min(...living.map(({ rank }) => rank));
  return living.filter(({ rank }) => rank === best);
}

/** Warnings about devices that ended within a window without being retired. */
export function silenceWarnings(sources: readonly CornerSource[], window: Window, asOf: number): string[] {
  const silent = sources.filter((source) => {
    const { silentFrom, end } = source.life;
    const isMissed = partnersOf(source, sources).some(({ life }) => Math.min(life.end, life.silentFrom) > silentFrom);
    return isMissed && end === Number.POSITIVE_INFINITY && silentFrom < Math.min(window.end, asOf);
  });
  return silent.map(
    ({ deviceName, metrics, life }) =>
      `${deviceName} has reported nothing of ${metrics.group} since ${formatInstant(life.silentFrom)} and counts until then: retire it, or check it`,
  );
}

/** Devices of a site that report a metric, best first: those of the kind made for it, then by name. */
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
