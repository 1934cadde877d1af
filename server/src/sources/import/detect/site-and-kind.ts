import type { DeviceKind } from '@wattkeeper/contract/device.ts';
import { MAX_NAME_CHARACTERS } from '@wattkeeper/contract/names.ts';
import { countryOf } from './zone-country.ts';

/** Kinds of devices by their metric groups, in order of precedence. */
const KINDS: readonly (readonly [group: string, kind: DeviceKind])[] = [
  ['battery', 'inverter'],
  ['solar', 'inverter'],
  ['grid', 'meter'],
  ['load', 'meter'],
  ['energy', 'meter'],
  ['price', 'tariff_feed'],
  ['weather', 'weather_station'],
];
const DEFAULT_CURRENCY = 'EUR';

/** The site and the device kind of a new mapping, and notes on what to check. */
export function siteAndKind(
  { columns, long, timestamp }: Readonly<Record<string, unknown>>,
  name: string,
  given: { readonly timezone: string; readonly site?: string | undefined; readonly currency?: string | undefined },
) {
  const fileZone = (timestamp as { timezone?: string } | undefined)?.timezone;
  const timezone = given.timezone === 'UTC' ? (fileZone ?? 'UTC') : given.timezone;
  const place = countryOf(timezone);
  const site = {
    name: given.site ?? name.trim().slice(0, MAX_NAME_CHARACTERS),
    timezone,
    currency: given.currency ?? place?.currency ?? DEFAULT_CURRENCY,
    ...(place && { country: place.country }),
  };
  const mapped: Record<string, { readonly metric: string }> = {
    ...(columns as object),
    ...(long as { metrics?: object } | undefined)?.metrics,
  };
  const groups = new Set(Object.values(mapped).map(({ metric }) => metric.split('.')[0]));
  const kind = KINDS.find(([group]) => groups.has(group))?.[1] ?? 'other';
  const note = `The site ${JSON.stringify(site.name)} is created unless a site has this name: check its name, time zone, currency and location (latitude, longitude), and the kind of the device.`;
  return { site, kind, note };
}
