import type { AnomalyType } from '@wattkeeper/contract/analytics/anomaly.ts';
import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import type { Window } from '../../domain/time/window.ts';
import { type Channel, detectAnomalies, type FoundAnomaly } from './detect.ts';
import { learnNormal, minSigmaOf, mixedSlots, type Normal } from './normal.ts';
import { medianOf } from './robust.ts';
import { detectSeasonal } from './seasonal.ts';

/** Power of a machine or a load, mean kW by slot. */
export interface PowerColumn {
  readonly metric: string;
  readonly values: Float64Array;
  /** The baseline's expected power, kW; null without an active baseline. */
  readonly expected: Float64Array | null;
}

export interface SensorColumn {
  readonly metric: string;
  readonly kind: 'temperature' | 'pressure';
  readonly values: Float64Array;
}

/** The limit of a metric and an anomaly type is multiplied by the factor, which is learnt from users' labels. */
export interface LimitFactor {
  readonly metric: string;
  readonly type: AnomalyType;
  readonly factor: number;
}

/** The history of a device over some weeks, slot by slot. All columns have the same length; NaN is missing. */
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
  /** Code of the operating mode, mean of the slot, and the share of the slot in which it worked; null if not reported. */
  readonly status: Float64Array | null;
  readonly worked: Float64Array | null;
  /** Other drivers of the power, such as production and the outdoor temperature. */
  readonly drivers: readonly Float64Array[];
  readonly temperatureDifference: Float64Array | null;
}

export interface DetectTask {
  readonly history: DeviceHistory;
  /** Anomalies that overlap this window are returned; the whole history defines normal values. */
  readonly window: Window;
  readonly contamination: number;
  readonly seed: number;
  readonly limits: readonly LimitFactor[];
}

/** Measured and expected values of a quantity in the window, slot by slot. */
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

/**
 * Learns the normal values of a device from its history, and finds the anomalies in a window.
 * @throws InvalidInput if the contamination is out of range
 */
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
  const after = starts.findIndex((start) => start >= window.end);
  const cut = (column: Float64Array) => column.slice(Math.max(from, 0), after < 0 ? undefined : after);
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

/** Normal power: the baseline's expectation, corrected by mode, hour and weekday; without a baseline, from the drivers. */
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
    minSigma: minSigmaOf(values),
  });
}

/** Minimum σ of sensors: temperatures in K, pressures as a share of the median. */
const MIN_SIGMA_K = 0.5;
const MIN_SIGMA_PRESSURE_SHARE = 0.015;
/** The profile needs a week of values before deviations from it are counted. */
const PROBATION_MS = 7 * UTC_DAY_MS;

function normalSensor({ starts, slotMs, timeZone }: DeviceHistory, { kind, values }: SensorColumn): Normal {
  const { expected, sigma: learntSigma } = detectSeasonal({ timestamps: starts, values, timeZone, slotMs });
  const minSigma = kind === 'temperature' ? MIN_SIGMA_K : MIN_SIGMA_PRESSURE_SHARE * Math.abs(medianOf(values));
  const sigma = learntSigma.map((one) => Math.max(one, minSigma));
  const first = values.findIndex((value) => !Number.isNaN(value));
  const judgedFrom = (starts[first] ?? 0) + PROBATION_MS;
  const deviation = (i: number) => (values[i]! - expected[i]!) / sigma[i]!;
  return {
    expected,
    sigma,
    z: starts.map((start, i) => (start < judgedFrom ? Number.NaN : deviation(i))),
    isCalm: new Uint8Array(values.length),
  };
}
