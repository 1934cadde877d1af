import type { Device } from '@wattkeeper/contract/device.ts';
import type { Metric } from '@wattkeeper/contract/metric.ts';
import type { LatestAnswer } from '@wattkeeper/contract/telemetry.ts';
import type { Token } from '../../charts/palette.ts';
import type { SeriesRef } from './history-search.ts';

/** A series that can be chosen, with its label. */
export interface SeriesOffer extends SeriesRef {
  readonly key: string;
  readonly deviceName: string;
  readonly label: string;
  readonly unit: string;
  readonly kind: Metric['kind'];
  readonly expectedIntervalMs: number | null;
}

/** Default metrics, the most informative first. */
const WANTED = ['solar.power_kw', 'load.power_kw', 'grid.power_kw', 'battery.power_kw', 'battery.soc_percent'];
const MACHINE_POWER = 'energy.power_kw';
const MAX_DEFAULT_MACHINES = 4;
const DEFAULT_ANY = 3;

const HUES: readonly (readonly [prefix: string, colour: Token])[] = [
  ['solar.', 'solar'],
  ['battery.', 'battery'],
  ['grid.', 'import'],
  ['load.', 'load'],
  ['vehicle.', 'vehicle'],
];
const SPARE: readonly Token[] = [
  'series-4',
  'series-5',
  'series-8',
  'series-9',
  'series-10',
  'series-6',
  'series-11',
  'series-3',
  'series-2',
  'series-1',
  'series-7',
  'series-12',
];

export function seriesKey({ deviceId, metric }: SeriesRef): string {
  return `${deviceId}:${metric}`;
}

/** Every series of a site with readings, by device and then by name. */
export function seriesOffers(
  latest: LatestAnswer,
  devices: readonly Device[],
  catalogue: readonly Metric[],
): SeriesOffer[] {
  const metrics = new Map(catalogue.map((metric) => [metric.name, metric]));
  const intervals = new Map(devices.map((device) => [device.id, device.expected_interval_s]));
  return latest.items
    .flatMap(({ device_id, device_name, values }) =>
      Object.entries(values).map(([metric, { unit }]): SeriesOffer => {
        const interval = intervals.get(device_id) ?? null;
        return {
          key: seriesKey({ deviceId: device_id, metric }),
          deviceId: device_id,
          deviceName: device_name,
          metric,
          label: metrics.get(metric)?.label ?? metric,
          unit: unit || (metrics.get(metric)?.unit ?? ''),
          kind: metrics.get(metric)?.kind ?? 'gauge',
          expectedIntervalMs: interval === null ? null : interval * 1000,
        };
      }),
    )
    .sort((a, b) => a.deviceName.localeCompare(b.deviceName) || a.label.localeCompare(b.label));
}

/** The default series of a site: its power and the battery's state of charge; for a factory, the power of its machines. */
export function defaultSeries(offers: readonly SeriesOffer[]): SeriesOffer[] {
  const wanted = WANTED.flatMap((metric) => offers.find((offer) => offer.metric === metric) ?? []);
  const machines = offers.filter((offer) => offer.metric === MACHINE_POWER).slice(0, MAX_DEFAULT_MACHINES);
  const chosen = wanted.length < 3 ? [...wanted, ...machines] : wanted;
  return chosen.length > 0 ? chosen : offers.slice(0, DEFAULT_ANY);
}

/** A colour per series: the app-wide colour of its kind of energy, or an unused one. */
export function seriesColours(series: readonly SeriesRef[]): Token[] {
  const used = new Set<Token>();
  const meant = series.map(({ metric }) => {
    const colour = HUES.find(([prefix]) => metric.startsWith(prefix))?.[1];
    if (!colour || used.has(colour)) return null;
    used.add(colour);
    return colour;
  });
  const spare = SPARE.filter((colour) => !TWINS[colour] || !used.has(TWINS[colour]));
  let next = 0;
  return meant.map((colour) => colour ?? spare[next++ % spare.length]!);
}

/** Spare colours that resemble a colour with a meaning. */
const TWINS: Partial<Record<Token, Token>> = {
  'series-1': 'import',
  'series-2': 'solar',
  'series-3': 'battery',
  'series-6': 'vehicle',
  'series-7': 'load',
};
