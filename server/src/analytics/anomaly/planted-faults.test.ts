import { HOUR_MS, MINUTE_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { describe, expect, it } from 'vitest';
import { simulate } from '../../../test/simulated-series.ts';
import type { FaultRule, FaultTruth } from '../../sources/simulator/faults.ts';
import { Random } from '../../sources/simulator/random.ts';
import { createSimulator } from '../../sources/simulator/simulator.ts';
import { detectSeasonal } from './seasonal.ts';

const DAYS = 70;
const FIRST_FAULT_DAY = 9;
const FAULT_EVERY_DAYS = 4;
const PROBATION_MS = 7 * UTC_DAY_MS;
/** An event is this many sigma over at least this many values. */
const SIGMAS = 3;
const LASTING = 3;

/** Kinds, sizes and durations of the factory's own faults. */
const KINDS: readonly (FaultRule & Required<Pick<FaultRule, 'hours'>>)[] = [
  {
    device: 'climate',
    metric: 'environment.indoor_temp_c',
    kind: 'temperature_spike',
    magnitude: [7, 13],
    minutes: [40, 200],
    hours: [0, 20],
  },
  {
    device: 'compressor',
    metric: 'environment.pressure_bar',
    kind: 'pressure',
    magnitude: [-1.7, -0.9],
    minutes: [60, 480],
    hours: [6, 18],
  },
];

/** One fault of each kind every few days, each lasting at least four steps, so that it contains three values. */
function plan(seed: number, start: number, stepMs: number): FaultTruth[] {
  const random = new Random(seed);
  return KINDS.flatMap(({ device, metric, kind, magnitude, minutes, hours }) => {
    const faults: FaultTruth[] = [];
    for (let day = FIRST_FAULT_DAY; day < DAYS - 1; day += FAULT_EVERY_DAYS) {
      const begin = start + day * UTC_DAY_MS + Math.floor(random.between(...hours) * 60) * MINUTE_MS;
      const lasting = Math.max(Math.floor(random.between(...minutes)) * MINUTE_MS, 4 * stepMs);
      faults.push({
        device,
        metric,
        kind,
        start: begin,
        end: begin + lasting,
        magnitude: random.between(...magnitude),
      });
    }
    return faults;
  });
}

function events({ timestamps, values }: { timestamps: Float64Array; values: Float64Array }) {
  const { expected, sigma } = detectSeasonal({ timestamps, values, timeZone: 'Europe/Vienna' });
  const found: { start: number; end: number }[] = [];
  for (let from = 0; from < values.length; ) {
    let to = from;
    while (Math.abs(values[to]! - expected[to]!) >= SIGMAS * sigma[to]!) to++;
    if (to - from >= LASTING) found.push({ start: timestamps[from]!, end: timestamps[to - 1]! });
    from = to + 1;
  }
  return found.filter(({ start }) => start >= timestamps[0]! + PROBATION_MS);
}

describe('faults of a factory without a baseline', () => {
  it.each([
    ['hourly', HOUR_MS],
    ['at 5-minute intervals', 5 * MINUTE_MS],
  ])('are found, with few false alarms, in values that are %s', (_, stepMs) => {
    const counts = { faults: 0, found: 0, events: 0, right: 0 };
    for (const seed of [1, 2, 3]) {
      for (const start of [Date.UTC(2025, 0, 1), Date.UTC(2025, 5, 1)]) {
        const planned = plan(seed, start, stepMs);
        const simulator = createSimulator({ profile: 'factory', seed, start, stepMs, faults: { planned } });
        const lookUp = simulate(simulator, start + DAYS * UTC_DAY_MS);
        for (const { device, metric } of KINDS) {
          const truth = planned.filter((fault) => fault.metric === metric);
          const reported = events(lookUp(device, metric));
          const overlaps = (event: { start: number; end: number }, fault: FaultTruth) =>
            event.end >= fault.start && event.start < fault.end;
          counts.faults += truth.length;
          counts.found += truth.filter((fault) => reported.some((event) => overlaps(event, fault))).length;
          counts.events += reported.length;
          counts.right += reported.filter((event) => truth.some((fault) => overlaps(event, fault))).length;
        }
      }
    }
    expect(counts.found / counts.faults).toBeGreaterThan(0.97);
    expect(counts.right / counts.events).toBeGreaterThan(0.97);
  });
});
