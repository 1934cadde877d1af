import { HOUR_MS, MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import type { DeviceHistory, SensorColumn } from '../../analytics/anomaly/device.ts';
import { predict } from '../../analytics/baseline/deviation.ts';
import { splitMetric } from '../../domain/metric-catalogue.ts';
import { bucketEdges, localTimes } from '../../domain/time/site-time.ts';
import type { Window } from '../../domain/time/window.ts';
import type { Baselines } from '../../storage/records/analytics/baselines.ts';
import type { DeviceRecord } from '../../storage/records/devices/device-record.ts';
import {
  availableDrivers,
  type Driver,
  type DriverOptions,
  driverColumns,
  OUTDOORS,
} from '../baseline/driver-loader.ts';
import { hoursOfWeek } from '../baseline/observations.ts';
import { fitOf, type StoredModel, storedModel } from '../baseline/stored-model.ts';
import type { EnergyService } from '../energy/service.ts';
import { metersLoad } from '../forecast/load-history.ts';
import { machineEnergy } from '../kpi/machine-energy.ts';
import { meterOf } from '../kpi/meter.ts';

export interface HistoryOptions extends DriverOptions {
  readonly energy: EnergyService;
  readonly baselines: Pick<Baselines, 'active'>;
}

/** A device's history, and the version of its baseline. */
export interface LoadedHistory {
  readonly history: DeviceHistory;
  /** Version of the baseline that gives the expected power; null without one. */
  readonly modelVersion: number | null;
}

export const SLOT_MS = 15 * MINUTE_MS;
const SLOTS_PER_HOUR = HOUR_MS / SLOT_MS;
const LOAD_POWER = 'load.power_kw';
/** Share of a slot for which the power must be known. */
const MIN_COVERAGE_SHARE = 0.5;
/** Minimum share of the known power that a baseline must predict: with a silent or hourly driver, too many slots would not be assessed. */
const MIN_PREDICTED_SHARE = 0.75;
const INDOORS = 'environment.indoor_temp_c';
const STATUS = 'production.status';
const WORKED = 'production.operating_hours';
/** Drivers of a machine in addition to its mode and the outdoor temperature. */
const WORK_DRIVERS = ['production.count', 'production.material_moisture_percent'];
const SENSOR_UNITS = new Map(Object.entries<SensorColumn['kind']>({ '°C': 'temperature', bar: 'pressure' }));

type Column = Float64Array | null;

/** Whether a device reports anything that anomaly detection assesses. */
export function isJudged({ queries, describe }: DriverOptions, { id }: DeviceRecord): boolean {
  return (
    metersLoad(queries, id) ||
    queries.metricsOf(id).some((metric) => sensorKind(describe(metric).unit, metric) !== null)
  );
}

/**
 * Readings of a device in a window by quarter hours, with their drivers.
 * @param judgedFrom start of the assessed part; the part before it is the reference
 */
export async function loadHistory(
  options: HistoryOptions,
  device: DeviceRecord,
  window: Window,
  judgedFrom: number,
): Promise<LoadedHistory> {
  const { timezone: timeZone } = await options.energy.site(device.siteId);
  const start = Math.floor(window.start / SLOT_MS) * SLOT_MS;
  const end = Math.floor(Math.min(window.end, options.now()) / SLOT_MS) * SLOT_MS;
  const edges = bucketEdges({ start, end }, '15m', timeZone);
  const starts = edges.slice(0, -1);
  const { days, dayIndex, minuteOfDay } = localTimes(starts, timeZone);
  const around = availableDrivers(options, device);
  const own = around.filter(({ deviceId }) => deviceId === device.id);
  const named = [
    own.find(({ metric }) => metric === STATUS),
    own.find(({ metric }) => metric === WORKED),
    around.find(({ metric }) => metric === INDOORS),
    around.find(({ metric }) => OUTDOORS.includes(metric)),
  ];
  const drivers = [
    ...named.filter((driver) => driver !== undefined),
    ...own.filter(({ metric }) => WORK_DRIVERS.includes(metric)),
  ];
  const columns = await driverColumns(options, drivers, edges);
  const [status, worked, indoors, outdoors] = named.map((driver) =>
    driver === undefined ? null : columns[drivers.indexOf(driver)]!,
  ) as [Column, Column, Column, Column];
  const work = columns.filter((_, d) => !named.includes(drivers[d]));
  const values = await powerColumn(options, device, { start, end }, timeZone);
  const baseline = values && (await expectedPower(options, device, edges, timeZone));
  const judged = starts.findIndex((at) => at >= judgedFrom);
  const isPredictable = [0, Math.max(judged, 0)].every((from) => baseline && predicts(baseline.kw, values, from));
  const expected = isPredictable ? baseline : null;
  const activity = values !== null && expected === null ? await siteActivity(options, device, edges) : null;
  const sensors = await sensorColumns(options, device, edges);
  return {
    modelVersion: expected?.version ?? null,
    history: {
      timeZone,
      starts,
      slotMs: SLOT_MS,
      hour: Float64Array.from(minuteOfDay, (minute) => Math.floor(minute / 60)),
      weekday: starts.map((_, i) => days[dayIndex[i]!]?.weekday ?? Number.NaN),
      power: values && {
        metric: powerMetric(options, device),
        values: expected ? values.map((kw, i) => (Number.isNaN(expected.kw[i]!) ? Number.NaN : kw)) : values,
        expected: expected?.kw ?? null,
      },
      sensors,
      status,
      // A device without a mode, such as lighting or heating, depends on the machines around it.
      worked: worked?.map((hours) => hours * SLOTS_PER_HOUR) ?? (status === null ? activity : null),
      // A baseline includes the drivers of the machine; without one the activity of the other machines is a driver as well.
      drivers: [...(outdoors ? [outdoors] : []), ...(expected ? [] : [...work, ...(activity ? [activity] : [])])],
      temperatureDifference: indoors && outdoors ? indoors.map((inside, i) => inside - outdoors[i]!) : null,
    },
  };
}

function predicts(expected: Float64Array, values: Float64Array, from: number): boolean {
  let [known, predicted] = [0, 0];
  for (let i = from; i < values.length; i++) {
    if (values[i] !== values[i]) continue;
    known++;
    if (expected[i] === expected[i]) predicted++;
  }
  return predicted >= MIN_PREDICTED_SHARE * known;
}

function powerMetric({ queries }: DriverOptions, { id }: DeviceRecord): string {
  return meterOf(queries, id)?.group === 'energy' ? 'energy.power_kw' : LOAD_POWER;
}

/** Weather values are never anomalies. */
function sensorKind(unit: string, metric: string): SensorColumn['kind'] | null {
  return OUTDOORS.includes(metric) ? null : (SENSOR_UNITS.get(unit) ?? null);
}

/** Mean kW by slot; null for a device without a meter. */
async function powerColumn(
  options: HistoryOptions,
  device: DeviceRecord,
  window: Window,
  timeZone: string,
): Promise<Float64Array | null> {
  const { queries, now } = options;
  if (!metersLoad(queries, device.id)) return null;
  if (powerMetric(options, device) === LOAD_POWER) {
    const edges = bucketEdges(window, '15m', timeZone);
    return (
      (await driverColumns(options, [{ name: LOAD_POWER, metric: LOAD_POWER, deviceId: device.id }], edges))[0] ?? null
    );
  }
  const { kwh, knownMs } = await machineEnergy(queries, device, { window, timeZone, asOf: now(), bucket: '15m' });
  return kwh.map((energy, i) => {
    const hours = knownMs[i]! / HOUR_MS;
    return hours * HOUR_MS >= MIN_COVERAGE_SHARE * SLOT_MS ? energy / hours : Number.NaN;
  });
}

/** Share of the time that the other machines of the site worked; null if none reports it. */
async function siteActivity(
  { queries, devices, now }: HistoryOptions,
  device: DeviceRecord,
  edges: Float64Array,
): Promise<Float64Array | null> {
  const others = devices.ofSite(device.siteId).filter(({ id }) => id !== device.id);
  const deviceIds = others.filter(({ id }) => queries.metricsOf(id).includes(WORKED)).map(({ id }) => id);
  if (deviceIds.length === 0) return null;
  const { group, quantity } = splitMetric(WORKED);
  const answers = await queries.buckets({ deviceIds, group, quantities: [quantity], edges, asOf: now() });
  const columns = answers.flatMap(({ buckets }) => (buckets[0] ? [buckets[0].sum] : []));
  return Float64Array.from({ length: edges.length - 1 }, (_, i) => {
    const known = columns.map((column) => column[i]!).filter((hours) => hours === hours);
    return (known.reduce((sum, hours) => sum + hours, 0) / known.length) * SLOTS_PER_HOUR;
  });
}

async function sensorColumns(
  options: HistoryOptions,
  device: DeviceRecord,
  edges: Float64Array,
): Promise<SensorColumn[]> {
  const { queries, describe } = options;
  const found = queries.metricsOf(device.id).flatMap((metric) => {
    const { unit, kind: shape } = describe(metric);
    const kind = shape === 'gauge' ? sensorKind(unit, metric) : null;
    return kind === null ? [] : [{ metric, kind }];
  });
  const drivers = found.map(({ metric }) => ({ name: metric, metric, deviceId: device.id }));
  const columns = await driverColumns(options, drivers, edges);
  return found.map((sensor, i) => ({ ...sensor, values: columns[i]! }));
}

/** Power predicted by the active hourly baseline for quarter hours: counts and amounts of a quarter hour are scaled to an hour. Null without a baseline. */
async function expectedPower(
  options: HistoryOptions,
  device: DeviceRecord,
  edges: Float64Array,
  timeZone: string,
): Promise<{ kw: Float64Array; version: number } | null> {
  const record = await options.baselines.active(device.id);
  if (record === undefined) return null;
  const model = storedModel(record);
  if (model.resolution !== 'hour') return null;
  const { drivers, temperature, basis } = model;
  const columns = await driverColumns(options, drivers, edges);
  const lag = basis.type === 'linear' ? 0 : basis.lagHours;
  const starts = edges.slice(0, -1);
  const conditions = {
    starts,
    columns: columns.map((column, d) =>
      isCounted(options, drivers[d]!) ? column.map((one) => one * SLOTS_PER_HOUR) : column,
    ),
    temperature: await laggedTemperature(options, model, edges, lag),
    hourOfWeek: hoursOfWeek(starts, timeZone),
    dayOfWeek: null,
  };
  if (temperature && conditions.temperature === null) return null;
  return { kw: predict(fitOf(model), conditions, starts.length).kwh, version: record.version };
}

function isCounted({ describe }: DriverOptions, { metric }: Driver): boolean {
  const { kind } = describe(metric);
  return kind === 'delta' || kind === 'counter';
}

async function laggedTemperature(
  options: HistoryOptions,
  { temperature }: StoredModel,
  edges: Float64Array,
  lagHours: number,
): Promise<Float64Array | null> {
  if (temperature === null) return null;
  const shifted = edges.map((edge) => edge - lagHours * HOUR_MS);
  return (await driverColumns(options, [temperature], shifted))[0] ?? null;
}

/** Metrics of a device whose sensors may be stuck: gauges that are never constant for long. */
export function stickingMetrics(
  { queries, describe }: DriverOptions,
  { id }: DeviceRecord,
): { group: string; quantity: string; metric: string }[] {
  return queries.metricsOf(id).flatMap((metric) => {
    const { unit, kind } = describe(metric);
    if (kind !== 'gauge' || !SENSOR_UNITS.has(unit)) return [];
    return [{ ...splitMetric(metric), metric }];
  });
}
