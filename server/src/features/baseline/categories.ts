import { HOUR_MS, MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import { InvalidInput } from '../../domain/errors.ts';
import { splitMetric } from '../../domain/metric-catalogue.ts';
import { categoriesAt } from '../../domain/time/calendar.ts';
import type { Window } from '../../domain/time/window.ts';
import type { TelemetryQueries } from '../../query/telemetry-queries.ts';
import type { CalendarRecord, Calendars } from '../../storage/records/analytics/calendars.ts';
import type { Sites } from '../../storage/records/devices/sites.ts';

/** One category of a driver: its column is the share of each hour or day in that category. */
export interface Category {
  /** Name of the driver with the categories. */
  readonly source: string;
  readonly value: string;
  /** All categories of the training. Hours or days with another one cannot be predicted. */
  readonly among: readonly string[];
}

/** The source of categories: a metric of a device, or a calendar, whose id replaces the device's. */
export interface CategorySource {
  readonly name: string;
  readonly metric: string;
  readonly deviceId: string;
}

export interface CategoryDriver extends CategorySource {
  readonly category: Category;
}

export interface CategoryOptions {
  readonly queries: TelemetryQueries;
  readonly calendars: Pick<Calendars, 'list'>;
  readonly sites: Pick<Sites, 'zoneOf'>;
  readonly now: () => number;
}

/** Calendars are drivers under `calendar:NAME`, and in stored models under this group with their id. */
export const CALENDAR_PREFIX = 'calendar:';
const CALENDAR_GROUP = 'calendar.';
export const MAX_CATEGORIES = 20;
/** Categories are sampled at this interval. */
const STEP_MS = 15 * MINUTE_MS;
/** Share of an hour or day for which the category must be known. */
const MIN_COVERAGE = 0.9;
/** Hours or days; a smaller value is rounding. */
const LITTLE = 1e-6;

export function isCategory<D extends CategorySource & { readonly category?: Category | undefined }>(
  driver: D,
): driver is D & CategoryDriver {
  return driver.category !== undefined;
}

export function isCalendar({ metric }: Pick<CategorySource, 'metric'>): boolean {
  return metric.startsWith(CALENDAR_GROUP);
}

/** A calendar of a site as a driver. */
export function calendarDriver({ id, name }: CalendarRecord): CategorySource {
  return { name: `${CALENDAR_PREFIX}${name}`, metric: `${CALENDAR_GROUP}${id}`, deviceId: id };
}

/**
 * A driver for each category that a source has in a window, except the most frequent one, which is the reference.
 * @throws InvalidInput for a source with one category, with more than 20, or with values that are not integers
 */
export async function categoryDrivers(
  options: CategoryOptions,
  source: CategorySource,
  { start, end }: Window,
): Promise<CategoryDriver[]> {
  const shares = await sharesOf(options, source, Float64Array.of(start, end), null);
  const broken = [...shares.keys()].find((value) => !isCalendar(source) && !Number.isInteger(Number(value)));
  if (broken !== undefined) throw unusable(source.name, `must have integers as categories; got ${broken}`);
  return driversFor(source, new Map(Array.from(shares, ([value, column]) => [value, column[0]!])));
}

/**
 * The drivers without categories that no complete hour or day has, such as that of a machine that is off; null if all occur.
 * @param columns of the drivers
 */
export function withoutUnseen<D extends CategorySource>(
  drivers: readonly D[],
  columns: readonly Float64Array[],
): D[] | null {
  const bySource = Map.groupBy(
    [...drivers.keys()].filter((d) => isCategory(drivers[d]!)),
    (d) => drivers[d]!.metric + drivers[d]!.deviceId,
  );
  const replaced = new Map<D, D[]>();
  for (const places of bySource.values()) {
    const some = places.map((d) => drivers[d]! as D & CategoryDriver);
    const { source, among } = some[0]!.category;
    const sums = new Map(among.map((value) => [value, columns[0]!.length]));
    for (const [i, d] of places.entries()) {
      const sum = columns[d]!.reduce((all, share) => all + share, 0);
      sums.set(some[i]!.category.value, sum);
    }
    const base = among.find((value) => some.every(({ category }) => category.value !== value))!;
    sums.set(
      base,
      places.reduce((left, d) => left - columns[d]!.reduce((all, share) => all + share, 0), columns[0]!.length),
    );
    if ([...sums.values()].every((sum) => sum > LITTLE)) continue;
    const seen = new Map([...sums].filter(([, sum]) => sum > LITTLE));
    const remaining = driversFor({ ...some[0]!, name: source }, seen) as unknown as D[];
    for (const [i, driver] of some.entries()) replaced.set(driver, i === 0 ? remaining : []);
  }
  return replaced.size === 0 ? null : drivers.flatMap((driver) => replaced.get(driver) ?? [driver]);
}

function driversFor(source: CategorySource, sums: ReadonlyMap<string, number>): CategoryDriver[] {
  const { name, metric, deviceId } = source;
  if (sums.size < 2) throw unusable(name, `has ${sums.size === 0 ? 'no value' : 'only one category'} in this window`);
  const [, ...others] = [...sums].sort(([, a], [, b]) => b - a);
  const among = [...sums.keys()].sort();
  return others.map(([value]) => ({
    name: `${name} = ${value}`,
    metric,
    deviceId,
    category: { source: name, value, among },
  }));
}

/** The columns of some categories of one source; NaN if the category is unknown, or does not occur in the training. */
export async function categoryColumns(
  options: CategoryOptions,
  drivers: readonly CategoryDriver[],
  edges: Float64Array,
): Promise<Float64Array[]> {
  const [{ category: first, ...source }] = drivers as [CategoryDriver];
  const shares = await sharesOf(options, source, edges, new Set(first.among));
  return drivers.map(({ category: { value, among } }) =>
    Float64Array.from({ length: edges.length - 1 }, (_, s) => {
      const known = among.reduce((sum, one) => sum + (shares.get(one)?.[s] ?? 0), 0);
      return known < MIN_COVERAGE ? Number.NaN : (shares.get(value)?.[s] ?? 0) / known;
    }),
  );
}

/**
 * Share of each slot by category.
 * @param counted the categories that count; null: all, at most 20
 */
async function sharesOf(
  options: CategoryOptions,
  source: CategorySource,
  edges: Float64Array,
  counted: ReadonlySet<string> | null,
): Promise<Map<string, Float64Array>> {
  const steps = stepsWithin(edges);
  const categories = isCalendar(source)
    ? await calendarCategories(options, source, steps)
    : await metricCategories(options, source, steps);
  const shares = new Map<string, Float64Array>();
  let slot = 0;
  for (const [i, category] of categories.entries()) {
    const [start, end] = [steps[i]!, steps[i + 1]!];
    while (edges[slot + 1]! <= start) slot++;
    if (category === null || counted?.has(category) === false) continue;
    if (!shares.has(category) && shares.size >= MAX_CATEGORIES)
      throw unusable(source.name, `has more than ${MAX_CATEGORIES} categories`);
    const column = shares.get(category) ?? new Float64Array(edges.length - 1);
    column[slot] = column[slot]! + (end - start) / (edges[slot + 1]! - edges[slot]!);
    shares.set(category, column);
  }
  return shares;
}

/** Steps of 15 minutes within the slots, including the slots' edges. */
function stepsWithin(edges: Float64Array): Float64Array {
  const steps: number[] = [];
  for (let s = 0; s + 1 < edges.length; s++) for (let at = edges[s]!; at < edges[s + 1]!; at += STEP_MS) steps.push(at);
  return Float64Array.from([...steps, edges.at(-1)!]);
}

/** In local time of the calendar's site; null if the calendar was deleted. */
async function calendarCategories(
  { calendars, sites }: CategoryOptions,
  { deviceId: id }: CategorySource,
  steps: Float64Array,
) {
  const calendar = (await calendars.list()).find((one) => one.id === id);
  const starts = steps.slice(0, -1);
  return calendar === undefined
    ? Array.from(starts, () => null)
    : categoriesAt(calendar, starts, sites.zoneOf(calendar.siteId));
}

/** The newest value in each quarter hour, or the previous one that still holds; null without one. */
async function metricCategories(
  { queries, now }: CategoryOptions,
  { deviceId, metric }: CategorySource,
  steps: Float64Array,
) {
  const { group, quantity } = splitMetric(metric);
  const request = { deviceIds: [deviceId], group, quantities: [quantity], edges: steps, asOf: now() };
  const buckets = (await queries.buckets(request))[0]?.buckets[0];
  return Array.from({ length: steps.length - 1 }, (_, i) => {
    if (buckets === undefined || !(buckets.coveredMs[i]! > 0)) return null;
    const held = (buckets.integral[i]! * HOUR_MS) / buckets.coveredMs[i]!;
    // The mean of a constant value is the value, up to rounding.
    return String(buckets.count[i]! > 0 ? buckets.last[i] : Math.round(held * 1e6) / 1e6);
  });
}

function unusable(name: string, what: string): InvalidInput {
  const detail = `"${name}" ${what}`;
  return new InvalidInput(`categorical_drivers: ${detail}`, { fields: [{ field: 'categorical_drivers', detail }] });
}
