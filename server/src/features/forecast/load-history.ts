import { formatInstant } from '@wattkeeper/contract/common.ts';
import { HOUR_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import type { Horizon } from '../../analytics/forecast/horizons.ts';
import { SLOTS_PER_DAY, type Slots, type SlotWidth, slotsFrom, slotsOf } from '../../analytics/forecast/slots.ts';
import { meansOf } from '../../domain/columns/aggregate.ts';
import { lowerBound } from '../../domain/columns/frame.ts';
import { InvalidInput, NotFound } from '../../domain/errors.ts';
import { splitMetric } from '../../domain/metric-catalogue.ts';
import { addDays, bucketEdges, dayOf, dayWindow } from '../../domain/time/site-time.ts';
import type { Window } from '../../domain/time/window.ts';
import type { TelemetryQueries } from '../../query/telemetry-queries.ts';
import type { DeviceRecord } from '../../storage/records/devices/device-record.ts';
import type { SiteRecord } from '../../storage/records/devices/sites.ts';
import type { EnergyService } from '../energy/service.ts';
import { reportersOf, type SiteDevices } from '../energy/site-sources.ts';
import { machineEnergy } from '../kpi/machine-energy.ts';
import { meterOf } from '../kpi/meter.ts';
import { publicHolidays } from '../sites/holidays.ts';

export interface LoadOptions {
  readonly queries: TelemetryQueries;
  readonly devices: SiteDevices;
  readonly energy: EnergyService;
  readonly now: () => number;
}

/** The subject of a load forecast: a device or a whole site. */
export interface LoadSubject {
  readonly site: SiteRecord;
  readonly device: DeviceRecord | null;
}

/** History of a load, on the calendar that also contains the slots to forecast. */
export interface LoadHistory {
  readonly slots: Slots;
  /** kW of the past slots; NaN is missing. */
  readonly values: Float64Array;
}

/** Energy by slot, kWh, and the time of each slot for which it is known. */
interface KnownEnergy {
  readonly edges: Float64Array;
  readonly kwh: Float64Array;
  readonly knownMs: Float64Array;
}

/** Share of a slot for which the energy must be known. */
const MIN_COVERAGE_SHARE = 0.5;
const LOAD = { group: 'load', quantity: 'power_kw' };
const TEMPERATURES = ['weather.temperature_c', 'environment.outdoor_temp_c'];

/** Whether a device reports its consumption or the load of its site. */
export function metersLoad(queries: TelemetryQueries, deviceId: string): boolean {
  const group = meterOf(queries, deviceId)?.group;
  return group === 'energy' || group === LOAD.group;
}

export function nameOf({ site, device }: LoadSubject): string {
  return device?.name ?? site.name;
}

/**
 * Reads the load of a subject, with the length of history that a horizon uses.
 * @throws NotFound `no_data` without any data; InvalidInput for too little, with the number of days still needed
 */
export async function loadHistory(options: LoadOptions, subject: LoadSubject, horizon: Horizon): Promise<LoadHistory> {
  const { width, steps, historyDays } = horizon;
  const { timezone } = subject.site;
  const now = options.now();
  const start = dayWindow(addDays(dayOf(now, timezone), -historyDays), timezone).start;
  const perDay = SLOTS_PER_DAY[width];
  const end = dayWindow(addDays(dayOf(now, timezone), Math.ceil(steps / perDay) + 1), timezone).end;
  const edges = bucketEdges({ start, end }, width, timezone);
  const over = lowerBound(edges, now + 1) - 1;
  const values = await meanPower(options, subject, edges.subarray(0, over + 1), width);
  const first = values.findIndex((value) => !Number.isNaN(value));
  const known = values.filter((value) => value === value).length / perDay;
  if (first < 0) {
    throw new NotFound(`${nameOf(subject)} has reported no load in the last ${historyDays} days`, { code: 'no_data' });
  }
  if (known < horizon.minDays) throw tooLittle(subject, horizon, known);
  const starts = edges.subarray(0, over + steps);
  const [from, to] = [starts[0]!, starts.at(-1) as number].map((at) => Number(dayOf(at, timezone).slice(0, 4)));
  const holidays = await publicHolidays(subject.site.country, { from: from as number, to: to as number });
  const temperature = await lateTemperature(options, subject.site, edges.subarray(0, over + steps + 1), horizon);
  return {
    slots: slotsFrom(slotsOf(starts, width, timezone, holidays, temperature), first),
    values: values.slice(first),
  };
}

/** kW by slot of the past hours. */
async function meanPower(
  options: LoadOptions,
  subject: LoadSubject,
  edges: Float64Array,
  width: SlotWidth,
): Promise<Float64Array> {
  const window = { start: edges[0]!, end: edges.at(-1) as number };
  const { kwh, knownMs } = regrouped(await energyOf(options, subject, window, edges, width), edges);
  return kwh.map((sum, s) => {
    const covered = knownMs[s]!;
    const length = edges[s + 1]! - edges[s]!;
    return covered >= MIN_COVERAGE_SHARE * length ? (sum * HOUR_MS) / covered : Number.NaN;
  });
}

async function energyOf(
  { queries, energy, now }: LoadOptions,
  { site, device }: LoadSubject,
  window: Window,
  edges: Float64Array,
  width: SlotWidth,
): Promise<KnownEnergy> {
  if (device === null) {
    const { slots } = await energy.energy(site, window);
    return { edges: slots.edges, kwh: slots.load, knownMs: slots.knownMs.load };
  }
  const meter = meterOf(queries, device.id);
  if (meter?.group === 'energy' || meter?.interval) {
    return machineEnergy(queries, device, { window, timeZone: site.timezone, asOf: now(), bucket: width });
  }
  const { group, quantity } = LOAD;
  const [answer] = await queries.buckets({ deviceIds: [device.id], group, quantities: [quantity], edges, asOf: now() });
  const empty = new Float64Array(edges.length - 1);
  const buckets = answer?.buckets[0];
  return { edges, kwh: buckets?.integral ?? empty, knownMs: buckets?.coveredMs ?? empty };
}

/** Sums of the known energy in wider slots. */
function regrouped({ edges, kwh, knownMs }: KnownEnergy, wider: Float64Array): KnownEnergy {
  const [sums, known] = [new Float64Array(wider.length - 1), new Float64Array(wider.length - 1)];
  let slot = 0;
  for (let s = 0; s < kwh.length; s++) {
    while (slot < sums.length - 1 && wider[slot + 1]! <= edges[s]!) slot++;
    if (kwh[s] !== kwh[s]) continue;
    sums[slot] = sums[slot]! + kwh[s]!;
    known[slot] = known[slot]! + knownMs[s]!;
  }
  return { edges: wider, kwh: sums, knownMs: known };
}

/**
 * The site's outdoor temperature by slot, with the lag that it has for the last slot to forecast: the future weather is unknown here, so the
 * models use the temperature at the same time of the newest known day. Null without a thermometer.
 */
async function lateTemperature(
  { queries, devices, now }: LoadOptions,
  site: SiteRecord,
  edges: Float64Array,
  { width, steps }: Horizon,
): Promise<Float64Array | null> {
  const metricsOf = (deviceId: string) => queries.metricsOf(deviceId);
  const found = TEMPERATURES.flatMap((metric) =>
    reportersOf(devices.ofSite(site.id), metricsOf, metric, 'weather_station').map(({ id }) => ({ id, metric })),
  )[0];
  if (found === undefined) return null;
  const { group, quantity } = splitMetric(found.metric);
  const [answer] = await queries.buckets({ deviceIds: [found.id], group, quantities: [quantity], edges, asOf: now() });
  const buckets = answer?.buckets[0];
  if (buckets === undefined) return null;
  const means = meansOf(buckets);
  const perDay = SLOTS_PER_DAY[width];
  const late = perDay * Math.ceil(steps / perDay);
  return means.map((_, s) => means[s - late] ?? Number.NaN);
}

function tooLittle(subject: LoadSubject, { minDays }: Horizon, known: number): InvalidInput {
  const missing = Math.ceil(minDays - known);
  return new InvalidInput(
    `the load of ${nameOf(subject)} is known for ${known.toFixed(1)} days, and this forecast needs ${minDays}: collect data for about ${missing} more ${missing === 1 ? 'day' : 'days'}`,
    { fields: [{ field: 'horizon', detail: `needs ${minDays} days of history; got ${known.toFixed(1)}` }] },
  );
}

/** Time until which a forecast made at an instant is current: the end of the running slot. */
export function slotStart(now: number, { width }: Horizon, timeZone: string): number {
  const edges = bucketEdges({ start: now - UTC_DAY_MS, end: now + 1 }, width, timeZone);
  return edges[lowerBound(edges, now + 1) - 1]!;
}

/** An instant in its API form. */
export const iso = formatInstant;
