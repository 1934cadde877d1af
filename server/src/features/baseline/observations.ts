import type { Resolution, ZeroReadings } from '@wattkeeper/contract/analytics/baseline.ts';
import { HOLIDAY_CATEGORY } from '@wattkeeper/contract/analytics/calendar.ts';
import { HOUR_MS, MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import { type Adjustment, adjustSlots } from '../../analytics/baseline/adjustments.ts';
import { DAYS_OF_WEEK } from '../../analytics/baseline/basis.ts';
import type { Observations } from '../../analytics/baseline/conditions.ts';
import { missingZeros } from '../../analytics/baseline/zeros.ts';
import { categoriesAt } from '../../domain/time/calendar.ts';
import { bucketEdges, localTimes } from '../../domain/time/site-time.ts';
import type { Window } from '../../domain/time/window.ts';
import type { DeviceRecord } from '../../storage/records/devices/device-record.ts';
import type { SiteRecord } from '../../storage/records/devices/sites.ts';
import type { EnergyService } from '../energy/service.ts';
import { machineEnergy } from '../kpi/machine-energy.ts';
import { publicHolidays } from '../sites/holidays.ts';
import { type Driver, type DriverOptions, driverColumns } from './driver-loader.ts';

/** The inputs of a model for each hour or day. */
export interface Needs {
  readonly drivers: readonly Driver[];
  /** The outdoor temperature, for models that treat it separately. */
  readonly temperature: Driver | null;
  /** Lags between temperature and energy, in hours. */
  readonly lags: readonly number[];
  readonly resolution: Resolution;
  /** The meaning of an hour or day of zero: no reading, or no consumption. */
  readonly zeroReadings: ZeroReadings;
  /** Non-routine events. */
  readonly adjustments: readonly Adjustment[];
}

/** Complete hours or days. */
export interface Loaded {
  readonly observations: Observations;
  /** The outdoor temperature by lag, in the order of the needs. */
  readonly temperatures: readonly Float64Array[];
  /** kWh that adjustments add to the expected energy. */
  readonly adjustedKwh: Float64Array;
  /** Hours or days excluded by adjustments. */
  readonly excluded: number;
  /** Hours or days of zero that count as missing. */
  readonly zeros: number;
  /** Hours or days of the window, complete or not. */
  readonly total: number;
}

/** Share of an hour or day for which the energy must be known. */
const MIN_COVERAGE_SHARE = 0.9;

/** Energy of a machine and its drivers, for the hours or days of a window for which both are known. */
export async function loadObservations(
  options: DriverOptions & { readonly energy: EnergyService },
  machine: DeviceRecord,
  { drivers, temperature, lags, resolution, adjustments, zeroReadings }: Needs,
  window: Window,
): Promise<Loaded> {
  const { queries, energy, now } = options;
  const site = await energy.site(machine.siteId);
  const { timezone: timeZone } = site;
  const covered = completeSlots(window, resolution, timeZone, now());
  if (covered === null) return nothing(drivers, lags);
  const bucket = resolution === 'hour' ? '1h' : '1d';
  const { edges, kwh, knownMs } = await machineEnergy(queries, machine, {
    window: covered,
    timeZone,
    asOf: now(),
    bucket,
  });
  const columns = await driverColumns(options, drivers, edges);
  const temperatures = temperature === null ? [] : await laggedColumns(options, temperature, edges, lags);
  const adjusted = adjustSlots(edges, adjustments);
  const zeros = zeroReadings === 'missing' ? missingZeros(kwh) : new Uint8Array(kwh.length);
  const complete = [...kwh.keys()].filter((s) => {
    const length = edges[s + 1]! - edges[s]!;
    const isComplete = resolution === 'day' || length === HOUR_MS;
    const isKnown = zeros[s] === 0 && kwh[s] === kwh[s] && knownMs[s]! >= MIN_COVERAGE_SHARE * length;
    return (
      adjusted.excluded[s] === 0 &&
      isComplete &&
      isKnown &&
      [...columns, ...temperatures].every((column) => column[s] === column[s])
    );
  });
  const pick = (column: Float64Array) => Float64Array.from(complete, (s) => column[s]!);
  const starts = pick(edges);
  return {
    observations: {
      starts,
      kwh: pick(kwh),
      columns: columns.map(pick),
      temperature: null,
      hourOfWeek: resolution === 'hour' ? hoursOfWeek(starts, timeZone) : null,
      dayOfWeek: resolution === 'day' ? await daysOfWeek(options, site, starts) : null,
    },
    temperatures: temperatures.map(pick),
    adjustedKwh: pick(adjusted.kwh),
    excluded: adjusted.excluded.reduce((sum, one) => sum + one, 0),
    zeros: zeros.reduce((sum, one) => sum + one, 0),
    total: kwh.length,
  };
}

/** Local hour of the week: 0 is Monday 00:00. */
export function hoursOfWeek(starts: Float64Array, timeZone: string): Float64Array {
  const { days, dayIndex, minuteOfDay } = localTimes(starts, timeZone);
  return starts.map((_, i) => {
    const { weekday } = days[dayIndex[i]!]!;
    return (weekday - 1) * 24 + Math.floor((minuteOfDay[i]! * MINUTE_MS) / HOUR_MS);
  });
}

/**
 * Local days of the week: 0 is Monday, plus 7 on a holiday: a public one of the site's country, or one of the category `holiday` in a
 * calendar of the site.
 */
export async function daysOfWeek(
  { calendars }: Pick<DriverOptions, 'calendars'>,
  { id, timezone, country }: SiteRecord,
  starts: Float64Array,
): Promise<Float64Array> {
  const { days, dayIndex } = localTimes(starts, timezone);
  const [first, last] = [days[0], days.at(-1)];
  if (first === undefined || last === undefined) return new Float64Array();
  const years = { from: Number(first.day.slice(0, 4)), to: Number(last.day.slice(0, 4)) };
  const holidays = await publicHolidays(country, years);
  const noons = Float64Array.from(days, ({ start, end }) => (start + end) / 2);
  for (const calendar of await calendars.list(id)) {
    const categories = categoriesAt(calendar, noons, timezone);
    for (const [d, { day }] of days.entries()) if (categories[d] === HOLIDAY_CATEGORY) holidays.add(day);
  }
  return starts.map((_, i) => {
    const { day, weekday } = days[dayIndex[i]!]!;
    return weekday - 1 + (holidays.has(day) ? DAYS_OF_WEEK : 0);
  });
}

/** Complete hours, or complete days of the site. Null without any. */
function completeSlots({ start, end }: Window, resolution: Resolution, timeZone: string, now: number): Window | null {
  const last = Math.min(end, now);
  if (last <= start) return null;
  const edges =
    resolution === 'hour'
      ? [Math.ceil(start / HOUR_MS) * HOUR_MS, Math.floor(last / HOUR_MS) * HOUR_MS]
      : [...bucketEdges({ start, end: last }, '1d', timeZone)].filter((edge) => edge >= start && edge <= last);
  const covered = { start: edges[0] ?? 0, end: edges.at(-1) ?? 0 };
  return covered.end > covered.start ? covered : null;
}

async function laggedColumns(options: DriverOptions, driver: Driver, edges: Float64Array, lags: readonly number[]) {
  const maxLag = Math.max(...lags);
  const first = edges[0]!;
  const earlier = Array.from({ length: maxLag }, (_, i) => first - (maxLag - i) * HOUR_MS);
  const [column = new Float64Array()] = await driverColumns(
    options,
    [driver],
    Float64Array.from([...earlier, ...edges]),
  );
  return lags.map((lag) => column.slice(maxLag - lag, maxLag - lag + edges.length - 1));
}

function nothing(drivers: readonly Driver[], lags: readonly number[]): Loaded {
  const none = new Float64Array(0);
  const observations: Observations = {
    starts: none,
    kwh: none,
    columns: drivers.map(() => none),
    temperature: null,
    hourOfWeek: none,
    dayOfWeek: none,
  };
  return { observations, temperatures: lags.map(() => none), adjustedKwh: none, excluded: 0, zeros: 0, total: 0 };
}
