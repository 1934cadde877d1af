import { HOUR_MS, MINUTE_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import type { DeviceHistory } from '../../src/analytics/anomaly/device.ts';
import { predict } from '../../src/analytics/baseline/deviation.ts';
import { trainBaseline } from '../../src/analytics/baseline/train.ts';
import { localTimes } from '../../src/domain/time/site-time.ts';
import type { Window } from '../../src/domain/time/window.ts';
import type { FaultTruth } from '../../src/sources/simulator/faults.ts';
import { MACHINES } from '../../src/sources/simulator/profiles/factory-machines.ts';
import { createSimulator } from '../../src/sources/simulator/simulator.ts';
import { simulate } from '../simulated-series.ts';

const ZONE = 'Europe/Vienna';
const START = Date.UTC(2025, 2, 3);
const DAYS = 120;
export const SLOT_MS = 15 * MINUTE_MS;
const SLOTS = (DAYS * UTC_DAY_MS) / SLOT_MS;
const PER_HOUR = HOUR_MS / SLOT_MS;
export const WORKS_WINDOW: Window = { start: START, end: START + DAYS * UTC_DAY_MS };
/** Silence is a data-quality finding, and repeated values are detected from the samples. */
const UNREPORTED = ['gap', 'stuck_sensor'];

/** A device with its readings and its planted faults. */
export interface FailingDevice {
  readonly key: string;
  readonly truths: readonly FaultTruth[];
  /** Silent windows: detections there are neither correct nor false. */
  readonly gaps: readonly Window[];
  readonly history: DeviceHistory;
}

export interface WorksOptions {
  readonly seed: number;
  /** Faults per day, on ten devices. */
  readonly perDay: number;
  /** Whether machines have linear baselines, trained on the first half with its faults. */
  readonly baselines: boolean;
}

/** Four months of the simulated works by quarter hours, one device after the other. */
export function* simulatedWorks({ seed, perDay, baselines }: WorksOptions): Generator<FailingDevice> {
  const simulator = createSimulator({
    ...({ profile: 'factory', seed, start: START, stepMs: 5 * MINUTE_MS } as const),
    faults: { perDay },
  });
  const faults = simulator.faults(WORKS_WINDOW);
  const data = simulate(simulator, WORKS_WINDOW.end);
  const starts = Float64Array.from({ length: SLOTS }, (_, i) => START + i * SLOT_MS);
  const { days, dayIndex, minuteOfDay } = localTimes(starts, ZONE);
  const means = (device: string, metric: string) => slotMeans(data(device, metric));
  const outdoors = means('climate', 'environment.outdoor_temp_c');
  const indoors = means('climate', 'environment.indoor_temp_c');
  const common = {
    ...{ timeZone: ZONE, starts, slotMs: SLOT_MS },
    hour: Float64Array.from(minuteOfDay, (minute) => Math.floor(minute / 60)),
    weekday: starts.map((_, i) => days[dayIndex[i]!]?.weekday ?? Number.NaN),
    temperatureDifference: indoors.map((inside, i) => inside - outdoors[i]!),
  };
  const truthsOf = (device: string, metrics: readonly string[]): FaultTruth[] =>
    faults.filter(
      (fault) => fault.device === device && metrics.includes(fault.metric) && !UNREPORTED.includes(fault.kind),
    );
  const gapsOf = (device: string) => faults.filter((fault) => fault.device === device && fault.kind === 'gap');
  // Means of three samples of a twelfth of an hour each: the share of the slot.
  const worked = new Map(
    MACHINES.map(({ key }) => [key, means(key, 'production.operating_hours').map((hours) => 12 * hours)]),
  );
  for (const { key, duty, moisture } of MACHINES) {
    const values = means(key, 'energy.power_kw');
    const own = worked.get(key) as Float64Array;
    const work = [
      ...(duty.type === 'production' ? [means(key, 'production.count')] : []),
      ...(moisture ? [means(key, 'production.material_moisture_percent')] : []),
    ];
    const expected = baselines ? expectedBy(starts, values, [own, outdoors, ...work]) : null;
    const bars = duty.type === 'air' ? [means(key, 'environment.pressure_bar')] : [];
    const history = {
      ...common,
      power: { metric: 'energy.power_kw', values, expected },
      sensors: bars.map((bar) => ({ metric: 'environment.pressure_bar', kind: 'pressure' as const, values: bar })),
      status: means(key, 'production.status'),
      worked: own,
      drivers: [outdoors, ...(expected ? [] : [...work, activityBeside(key, worked)])],
    };
    yield { key, truths: truthsOf(key, ['energy.power_kw', 'environment.pressure_bar']), gaps: gapsOf(key), history };
  }
  const metric = 'environment.indoor_temp_c';
  const hall = { metric, kind: 'temperature' as const, values: indoors };
  const history = { ...common, power: null, sensors: [hall], status: null, worked: null, drivers: [] };
  yield { key: 'climate', truths: truthsOf('climate', [metric]), gaps: gapsOf('climate'), history };
}

/** Whether an event and a fault overlap, with a tolerance of one slot. */
export function touches(one: Window, other: Window): boolean {
  return one.start < other.end + SLOT_MS && one.end > other.start - SLOT_MS;
}

/** Prediction of a linear hourly baseline for quarter hours, whose drivers have the same means. */
function expectedBy(starts: Float64Array, values: Float64Array, drivers: readonly Float64Array[]): Float64Array {
  const hours = Array.from({ length: SLOTS / PER_HOUR / 2 }, (_, h) => h);
  const mean = (column: Float64Array, hour: number) =>
    column.subarray(hour * PER_HOUR, (hour + 1) * PER_HOUR).reduce((sum, value) => sum + value / PER_HOUR, 0);
  const whole = hours.filter((hour) => [values, ...drivers].every((column) => !Number.isNaN(mean(column, hour))));
  const hourly = (column: Float64Array) => Float64Array.from(whole, (hour) => mean(column, hour));
  const training = trainBaseline({
    type: 'linear',
    temperatures: [],
    observations: {
      starts: Float64Array.from(whole, (hour) => starts[hour * PER_HOUR]!),
      kwh: hourly(values),
      columns: drivers.map(hourly),
      temperature: null,
      hourOfWeek: null,
      dayOfWeek: null,
    },
  });
  if ('reason' in training) throw new Error(`no baseline: ${JSON.stringify(training.reason)}`);
  const slopes = training.regression.coefficients.map(({ value }) => value);
  const conditions = { starts, columns: drivers, temperature: null, hourOfWeek: null, dayOfWeek: null };
  return predict({ ...training.regression, slopes, basis: training.basis }, conditions, SLOTS).kwh;
}

function activityBeside(key: string, worked: ReadonlyMap<string, Float64Array>): Float64Array {
  const others = [...worked].filter(([other]) => other !== key).map(([, column]) => column);
  return Float64Array.from({ length: SLOTS }, (_, i) => {
    const known = others.map((column) => column[i]!).filter((share) => share === share);
    return known.reduce((sum, share) => sum + share, 0) / known.length;
  });
}

function slotMeans({ timestamps, values }: { timestamps: Float64Array; values: Float64Array }): Float64Array {
  const [sums, counts] = [new Float64Array(SLOTS), new Float64Array(SLOTS)];
  timestamps.forEach((at, i) => {
    const slot = Math.floor((at - START) / SLOT_MS);
    sums[slot] = sums[slot]! + values[i]!;
    counts[slot] = counts[slot]! + 1;
  });
  return sums.map((sum, slot) => sum / counts[slot]!);
}
