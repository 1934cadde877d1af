import { describe, expect, it } from 'vitest';
import { simulate } from '../../../test/simulated-series.ts';
import { localTimes } from '../../domain/site-time.ts';
import { MINUTE_MS, UTC_DAY_MS } from '../../domain/window.ts';
import { MACHINES } from '../../sources/simulator/factory-machines.ts';
import type { FaultTruth } from '../../sources/simulator/faults.ts';
import { createSimulator } from '../../sources/simulator/simulator.ts';
import { detectInDevice } from './device.ts';

const ZONE = 'Europe/Vienna';
const START = Date.UTC(2025, 2, 3);
const DAYS = 120;
const END = START + DAYS * UTC_DAY_MS;
const SLOT_MS = 15 * MINUTE_MS;
const SLOTS = (END - START) / SLOT_MS;
/** Silence is a matter of data quality, and what sticks is told from the samples themselves. */
const UNTOLD = ['gap', 'stuck_sensor'];

describe('faults of a simulated works', () => {
  /**
   * The truth counts every fault, also a drop of a machine that rests and a quarter more load for half an hour among hours that scatter by an
   * eighth: a bit less than a third of them lies below what any test tells apart. Without baselines, whose training is another matter.
   */
  it('are found as often as their noise allows, with few false alarms', () => {
    const tally = { told: 0, right: 0, faults: 0, found: 0 };
    for (const seed of [1, 2]) {
      for (const { truths, anomalies } of works(seed)) {
        tally.told += anomalies.length;
        tally.right += anomalies.filter((one) => truths.some((truth) => overlap(one, truth))).length;
        tally.faults += truths.length;
        tally.found += truths.filter((truth) => anomalies.some((one) => overlap(one, truth))).length;
      }
    }
    expect(tally.faults).toBeGreaterThan(150);
    expect(tally.right / tally.told).toBeGreaterThan(0.85);
    expect(tally.found / tally.faults).toBeGreaterThan(0.65);
  }, 120_000);
});

type Span = { readonly start: number; readonly end: number };
const overlap = (one: Span, other: Span) => one.start < other.end + SLOT_MS && one.end > other.start - SLOT_MS;

/** Each device that can fail, with its faults and what was told of it. */
function* works(seed: number) {
  const simulator = createSimulator({
    profile: 'factory',
    seed,
    start: START,
    stepMs: 5 * MINUTE_MS,
    faults: { perDay: 1.2 },
  });
  const faults = simulator.faults({ start: START, end: END });
  const data = simulate(simulator, END);
  const starts = Float64Array.from({ length: SLOTS }, (_, i) => START + i * SLOT_MS);
  const { days, dayIndex, minuteOfDay } = localTimes(starts, ZONE);
  const means = (device: string, metric: string) => slotMeans(data(device, metric));
  const outdoors = means('climate', 'environment.outdoor_temp_c');
  const indoors = means('climate', 'environment.indoor_temp_c');
  const common = {
    ...{ timeZone: ZONE, starts, slotMs: SLOT_MS },
    hour: Float64Array.from(minuteOfDay, (minute) => Math.floor(minute / 60)),
    weekday: starts.map((_, i) => days[dayIndex[i] as number]?.weekday ?? Number.NaN),
    temperatureDifference: indoors.map((inside, i) => inside - (outdoors[i] as number)),
  };
  const task = { window: { start: START, end: END }, contamination: 0.1, seed: 1, limits: [] };
  const truthsOf = (device: string): FaultTruth[] =>
    faults.filter((fault) => fault.device === device && !UNTOLD.includes(fault.kind));
  // Means of three samples of a twelfth of an hour each: the share of the slot.
  const worked = new Map(
    MACHINES.map(({ key }) => [key, means(key, 'production.operating_hours').map((hours) => 12 * hours)]),
  );
  for (const { key, duty, moisture } of MACHINES) {
    const history = {
      ...common,
      power: { metric: 'energy.power_kw', values: means(key, 'energy.power_kw'), expected: null },
      sensors:
        duty.type === 'air'
          ? [
              {
                metric: 'environment.pressure_bar',
                kind: 'pressure' as const,
                values: means(key, 'environment.pressure_bar'),
              },
            ]
          : [],
      status: means(key, 'production.status'),
      worked: worked.get(key) as Float64Array,
      drivers: [
        outdoors,
        activityBeside(key, worked),
        ...(duty.type === 'production' ? [means(key, 'production.count')] : []),
        ...(moisture ? [means(key, 'production.material_moisture_percent')] : []),
      ],
    };
    yield { truths: truthsOf(key), anomalies: detectInDevice({ ...task, history }).anomalies };
  }
  const hall = { metric: 'environment.indoor_temp_c', kind: 'temperature' as const, values: indoors };
  const history = { ...common, power: null, sensors: [hall], status: null, worked: null, drivers: [] };
  yield {
    truths: truthsOf('climate').filter(({ metric }) => metric === hall.metric),
    anomalies: detectInDevice({ ...task, history }).anomalies,
  };
}

function activityBeside(key: string, worked: ReadonlyMap<string, Float64Array>): Float64Array {
  const others = [...worked].filter(([other]) => other !== key).map(([, column]) => column);
  return Float64Array.from({ length: SLOTS }, (_, i) => {
    const known = others.map((column) => column[i] as number).filter((share) => share === share);
    return known.reduce((sum, share) => sum + share, 0) / known.length;
  });
}

function slotMeans({ timestamps, values }: { timestamps: Float64Array; values: Float64Array }): Float64Array {
  const [sums, counts] = [new Float64Array(SLOTS), new Float64Array(SLOTS)];
  timestamps.forEach((at, i) => {
    const slot = Math.floor((at - START) / SLOT_MS);
    sums[slot] = (sums[slot] as number) + (values[i] as number);
    counts[slot] = (counts[slot] as number) + 1;
  });
  return sums.map((sum, slot) => sum / (counts[slot] as number));
}
