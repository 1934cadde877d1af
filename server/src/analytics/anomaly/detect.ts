import type { AnomalyFeature, AnomalyType } from '@wattkeeper/contract/analytics/anomaly.ts';
import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import { attribute, growForest, type IsolationForest, scoreLimit, scoreRows } from './isolation-forest.ts';
import type { Normal } from './normal.ts';
import { medianOf, quantileOf } from './robust.ts';
import { deviatingStretches, runsBeyondLimit, type Stretch } from './scan.ts';

export type ChannelKind = 'power' | 'temperature' | 'pressure';

/** A quantity of a device, slot by slot, with its normal values. */
export interface Channel {
  /** Full metric name. */
  readonly metric: string;
  readonly kind: ChannelKind;
  readonly values: Float64Array;
  readonly normal: Normal;
}

/** The measurements of a device, slot by slot. All columns have the same length; NaN is missing. */
export interface DeviceSlots {
  /** Epoch milliseconds, ascending without gaps. */
  readonly starts: Float64Array;
  readonly slotMs: number;
  readonly channels: readonly Channel[];
  /** Code of the operating mode, mean of the slot; null if the device does not report it. */
  readonly status: Float64Array | null;
  /** Indoor minus outdoor temperature, K; null if one of them is not measured. */
  readonly temperatureDifference: Float64Array | null;
  /** By the site's clock: 0–23 and 1 (Monday) to 7. */
  readonly hour: Float64Array;
  readonly weekday: Float64Array;
}

export interface DetectOptions {
  /** Share of the slots that the isolation forest classifies as anomalous, above 0 and at most 0.5. */
  readonly contamination: number;
  readonly seed: number;
  /** Multiplies the limit of a metric and type: learnt from users' labels. */
  readonly limitFactor: (metric: string, type: AnomalyType) => number;
}

/** The features of the forest, in this order. */
const FEATURES = [
  'deviation',
  'lasting_deviation',
  'temperature_difference',
  'pressure_change',
  'mode_change',
  'hour',
  'weekday',
] as const satisfies readonly AnomalyFeature[];
type Feature = (typeof FEATURES)[number];

/** One anomaly. */
export interface FoundAnomaly {
  readonly type: AnomalyType;
  readonly severity: 'warning' | 'critical';
  readonly metric: string;
  /** Epoch milliseconds, half-open. */
  readonly start: number;
  readonly end: number;
  /** Means over the event, in the metric's unit. */
  readonly value: number;
  readonly expected: number;
  /** 0–1. */
  readonly confidence: number;
  /** Deviation in σ of stretches of this length, and the limit above which it is reported. */
  readonly strength: number;
  readonly limit: number;
  /** The features that isolate it, by descending share; shares add up to 1. */
  readonly features: readonly { readonly feature: Feature; readonly share: number }[];
  /** kWh above the expected consumption; null if the metric is not a power. */
  readonly extraKwh: number | null;
}

/** A mean deviation beyond this many σ is critical (the residual thresholds of ISO 50001 practice: 2 σ warns, 3 σ is critical). */
const CRITICAL_Z = 3;
/** Excess power that lasts for at least this long is a drop in efficiency, not a spike. */
const MIN_LASTING_MS = 8 * HOUR_MS;
/** A machine is expected to be idle when its expected power is below this share of its 95th percentile. */
const IDLE_SHARE = 0.25;
const TREES = 100;

/**
 * Finds the anomalies of a device: stretches in which a channel deviates from its normal values, combined with an isolation forest over
 * deviation, temperatures, pressure, mode, hour and weekday. An anomaly is reported if the forest isolates one of its slots (the
 * contamination is the share of isolated slots) or if its mean deviation exceeds 3 σ. The forest also gives its reasons and confidence.
 * @throws InvalidInput if the contamination is out of range
 */
export function detectAnomalies(slots: DeviceSlots, options: DetectOptions): FoundAnomaly[] {
  const forest = forestOf(slots, options);
  return slots.channels.flatMap((channel) =>
    (channel.kind === 'power' ? deviatingStretches(channel.normal) : runsBeyondLimit(channel.normal.z)).flatMap(
      (stretch) => {
        const event = describe(slots, channel, stretch);
        const isAboveLimit =
          Math.abs(stretch.strength) >= stretch.limit * options.limitFactor(channel.metric, event.type);
        const isIsolated = forest !== null && peakOf(forest.scores, stretch) > forest.limit;
        if (!isAboveLimit || (!isIsolated && event.severity !== 'critical')) return [];
        const doubt = forest === null || isIsolated ? 1 : UNISOLATED;
        return [
          {
            ...event,
            confidence: doubt * confidenceOf(stretch),
            features: forest === null ? [] : reasonsOf(forest, stretch),
          },
        ];
      },
    ),
  );
}

/** Multiplies the confidence of an anomaly that the forest does not isolate. */
const UNISOLATED = 0.9;

/** 0.5 at the reporting limit, approaching 1 above it. */
function confidenceOf({ strength, limit }: Stretch): number {
  return 1 - 0.5 * Math.exp(-(Math.abs(strength) - limit));
}

function describe(
  { starts, slotMs }: DeviceSlots,
  { metric, kind, values, normal }: Channel,
  stretch: Stretch,
): Omit<FoundAnomaly, 'confidence' | 'features'> {
  const { from, to, strength, limit } = stretch;
  let [value, expected, z, count] = [0, 0, 0, 0];
  for (let i = from; i < to; i++) {
    if (normal.z[i] !== normal.z[i]) continue;
    value += values[i]!;
    expected += normal.expected[i]!;
    z += normal.z[i]!;
    count++;
  }
  const mean = { value: value / count, expected: expected / count, z: z / count };
  const start = starts[from]!;
  const end = starts[to - 1]! + slotMs;
  const type = kind === 'power' ? powerType(normal, mean.expected, end - start, strength) : SENSOR_TYPES[kind];
  return {
    type,
    severity: Math.abs(mean.z) >= CRITICAL_Z ? 'critical' : 'warning',
    metric,
    start,
    end,
    value: mean.value,
    expected: mean.expected,
    strength,
    limit,
    extraKwh: kind === 'power' ? ((value - expected) * slotMs) / HOUR_MS : null,
  };
}

const SENSOR_TYPES = { temperature: 'temperature_spike', pressure: 'pressure' } as const;

function powerType({ expected }: Normal, mean: number, lastedMs: number, strength: number): AnomalyType {
  if (strength < 0) return 'drop';
  if (lastedMs >= MIN_LASTING_MS) return 'efficiency_drop';
  return mean < IDLE_SHARE * quantileOf(expected, 0.95) ? 'unusual_pattern' : 'power_spike';
}

interface Grown {
  readonly forest: IsolationForest;
  readonly columns: readonly Float64Array[];
  readonly names: readonly Feature[];
  readonly scores: Float64Array;
  readonly limit: number;
}

/** The forest over the available features; null if there are too few slots. */
function forestOf(slots: DeviceSlots, { contamination, seed }: DetectOptions): Grown | null {
  const features = featuresOf(slots);
  const names = FEATURES.filter((name) => features[name] !== null);
  const columns = names.map((name) => features[name]!);
  const forest = growForest(columns, { seed, trees: TREES });
  const scores = scoreRows(forest, columns);
  return { forest, columns, names, scores, limit: scoreLimit(scores, contamination) };
}

/** Length of the trailing mean: 16 hours in slots of 15 minutes. */
const LASTING_SLOTS = 64;

function featuresOf(slots: DeviceSlots): Record<Feature, Float64Array | null> {
  const { channels, status, temperatureDifference, hour, weekday } = slots;
  const main = channels.find(({ kind }) => kind === 'power') ?? channels[0];
  const pressure = channels.find(({ kind }) => kind === 'pressure');
  const middle = pressure && medianOf(pressure.values);
  return {
    deviation: main?.normal.z ?? null,
    lasting_deviation: main ? trailingMean(main.normal.z, LASTING_SLOTS) : null,
    temperature_difference: temperatureDifference,
    pressure_change: pressure ? pressure.values.map((bar) => bar - (middle as number)) : null,
    mode_change: status?.map((code, i) => Math.abs(code - status[Math.max(0, i - 1)]!)) ?? null,
    hour,
    weekday,
  };
}

function trailingMean(values: Float64Array, length: number): Float64Array {
  let [sum, count] = [0, 0];
  return values.map((value, i) => {
    const left = values[i - length];
    if (value === value) [sum, count] = [sum + value, count + 1];
    if (left !== undefined && left === left) [sum, count] = [sum - left, count - 1];
    return count === 0 ? Number.NaN : sum / count;
  });
}

function peakOf(scores: Float64Array, { from, to }: Stretch): number {
  return scores.subarray(from, to).reduce((max, score) => Math.max(max, score), 0);
}

/** The features that isolate the most anomalous slot of a stretch. */
function reasonsOf({ forest, columns, names, scores }: Grown, stretch: Stretch): FoundAnomaly['features'] {
  const peak = peakOf(scores, stretch);
  const at = scores.subarray(stretch.from, stretch.to).indexOf(peak) + stretch.from;
  const shares = attribute(
    forest,
    columns.map((column) => column[at]!),
  );
  return names.map((feature, f) => ({ feature, share: shares[f]! })).sort((a, b) => b.share - a.share);
}
