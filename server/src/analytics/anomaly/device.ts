import type { AnomalyType } from '@wattkeeper/contract/anomaly.ts';
import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import type { Window } from '../../domain/time/window.ts';
import { type Channel, detectAnomalies, type FoundAnomaly } from './detect.ts';
import { learnNormal, leastSigmaOf, mixedSlots, type Normal } from './normal.ts';
import { medianOf } from './robust.ts';
import { detectSeasonal } from './seasonal.ts';

/** Power of a machine or a load, mean kW by slot. */
export interface PowerColumn {
  readonly metric: string;
  readonly values: Float64Array;
  /** What a baseline expects; null where there is none in use. */
  readonly expected: Float64Array | null;
}

export interface SensorColumn {
  readonly metric: string;
  readonly kind: 'temperature' | 'pressure';
  readonly values: Float64Array;
}

/** How often labels want a kind of anomaly to be told: the usual limit times the factor. */
export interface LimitFactor {
  readonly metric: string;
  readonly type: AnomalyType;
  readonly factor: number;
}

/** Everything that is known of a device for some weeks, slot by slot. Columns are of one length; NaN is missing. */
export interface DeviceHistory {
  readonly timeZone: string;
  /** Epoch milliseconds, ascending without gaps. */
  readonly starts: Float64Array;
  readonly slotMs: number;
  /** By the site's clock: 0–23 and 1 (Monday) to 7. */
  readonly hour: Float64Array;
  readonly weekday: Float64Array;
  readonly power: PowerColumn | null;
  readonly sensors: readonly SensorColumn[];
  /** Code of the operating mode, mean of the slot; share of the slot that was worked; null where not reported. */
  readonly status: Float64Array | null;
  readonly worked: Float64Array | null;
  /** What else drives the power, such as production and the outdoor temperature. */
  readonly drivers: readonly Float64Array[];
  readonly temperatureDifference: Float64Array | null;
}

export interface DetectTask {
  readonly history: DeviceHistory;
  /** Anomalies that overlap it are answered; the rest of the history tells what is normal. */
  readonly window: Window;
  readonly contamination: number;
  readonly seed: number;
  readonly limits: readonly LimitFactor[];
}

/** What was expected of a quantity in the window, slot by slot. */
export interface Band {
  readonly metric: string;
  readonly starts: Float64Array;
  readonly values: Float64Array;
  readonly expected: Float64Array;
  readonly sigma: Float64Array;
}

export interface Detection {
  readonly anomalies: readonly FoundAnomaly[];
  readonly bands: readonly Band[];
}

/** Learns what is normal for a device from its history and finds what was not, within a window. Throws InvalidInput for a contamination out of range. */
export function detectInDevice({ history, window, contamination, seed, limits }: DetectTask): Detection {
  const { starts, slotMs, power, sensors, status, temperatureDifference, hour, weekday } = history;
  const channels: Channel[] = [
    ...(power
      ? [{ metric: power.metric, kind: 'power' as const, values: power.values, normal: normalPower(history, power) }]
      : []),
    ...sensors.map((sensor) => ({ ...sensor, normal: normalSensor(history, sensor) })),
  ];
  const slots = { starts, slotMs, channels, status, temperatureDifference, hour, weekday };
  const limitFactor = (metric: string, type: AnomalyType) =>
    limits.find((one) => one.metric === metric && one.type === type)?.factor ?? 1;
  const found = detectAnomalies(slots, { contamination, seed, limitFactor });
  const from = starts.findIndex((start) => start + slotMs > window.start);
  const behind = starts.findIndex((start) => start >= window.end);
  const cut = (column: Float64Array) => column.slice(Math.max(from, 0), behind < 0 ? undefined : behind);
  return {
    anomalies: found.filter(({ start, end }) => start < window.end && end > window.start),
    bands: channels.map(({ metric, values, normal }) => ({
      metric,
      starts: cut(starts),
      values: cut(values),
      expected: cut(normal.expected),
      sigma: cut(normal.sigma),
    })),
  };
}

/** With a baseline its expectation leads, corrected by mode and clock; without one its drivers come in its place. */
function normalPower(
  { starts, hour, weekday, status, worked, drivers }: DeviceHistory,
  { values, expected }: PowerColumn,
): Normal {
  const modes = [status, worked].filter((column) => column !== null);
  return learnNormal({
    values,
    guess: expected,
    features: [...modes, hour, weekday, ...drivers],
    isMixed: mixedSlots(starts.length, status, worked),
    leastSigma: leastSigmaOf(values),
  });
}

/** Sensors are believed to be no steadier than this: in K, and as a share of the usual pressure. */
const LEAST_SIGMA_K = 0.5;
const LEAST_SIGMA_PRESSURE = 0.015;
/** Before, a profile knows too little of the days of the week. */
const PROBATION_MS = 7 * UTC_DAY_MS;

function normalSensor({ starts, slotMs, timeZone }: DeviceHistory, { kind, values }: SensorColumn): Normal {
  const { expected, sigma: learnt } = detectSeasonal({ timestamps: starts, values, timeZone, slotMs });
  const least = kind === 'temperature' ? LEAST_SIGMA_K : LEAST_SIGMA_PRESSURE * Math.abs(medianOf(values));
  const sigma = learnt.map((one) => Math.max(one, least));
  const first = values.findIndex((value) => !Number.isNaN(value));
  const judged = (starts[first] ?? 0) + PROBATION_MS;
  const away = (i: number) => (values[i]! - expected[i]!) / sigma[i]!;
  return {
    expected,
    sigma,
    z: starts.map((start, i) => (start < judged ? Number.NaN : away(i))),
    isCalm: new Uint8Array(values.length),
  };
}
