import { HOUR_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { stuckRuns } from '../../analytics/quality/runs.ts';
import { type Series, seriesOf } from '../../domain/columns/frame.ts';
import type { Window } from '../../domain/time/window.ts';
import type { DeviceRecord } from '../../storage/records/devices/device-record.ts';
import type { DriverOptions } from '../baseline/driver-loader.ts';
import { SLOT_MS, stickingMetrics } from './device-history.ts';
import type { FoundEvent } from './stored-anomaly.ts';

/** Span before a window whose samples show how often a sensor repeats its value, and at which values it rests at weekends. */
const HISTORY_MS = 21 * UTC_DAY_MS;
/** Minimum interval between samples: shorter ones add no information; four months of them are a third of a million. */
const THINNED_MS = 30_000;
const CONFIDENCE = 0.95;
const CRITICAL_MS = UTC_DAY_MS;
/** A reported run lasts at least an hour, so it fills this many quarter hours. */
const MIN_SLOTS = 3;
/** A series with fewer distinct values in its history is a set point, or too coarse to distinguish a stuck sensor from a resting one. */
const MIN_VALUES = 8;

/**
 * Sensors of a device that repeated one value in a window, for longer than chance explains.
 * @param limitOf factor of the default limit of a metric, learnt from labels
 */
export async function stuckSensors(
  options: DriverOptions,
  device: DeviceRecord,
  window: Window,
  limitOf: (metric: string) => number,
): Promise<FoundEvent[]> {
  const events: FoundEvent[] = [];
  for (const { group, quantity, metric } of stickingMetrics(options, device)) {
    const request = { deviceIds: [device.id], group, quantities: [quantity] };
    if (!(await mayStick(options, request, window))) continue;
    const span = { start: window.start - HISTORY_MS, end: window.end };
    const series = await thinned(options.queries.stream({ ...request, window: span }), quantity);
    if (new Set(series.values).size < MIN_VALUES) continue;
    for (const { from, to } of stuckRuns(series, [])) {
      const start = series.timestamps[from]!;
      const end = series.timestamps[to - 1]! + 1;
      const strength = (end - start) / HOUR_MS;
      if (end <= window.start || strength < limitOf(metric)) continue;
      events.push({
        type: 'stuck_sensor',
        severity: end - start >= CRITICAL_MS ? 'critical' : 'warning',
        ...{ metric, start, end, strength, confidence: CONFIDENCE, beganBefore: from === 0 },
        value: series.values[from]!,
        expected: null,
        limit: 1,
        features: [],
        extraKwh: null,
      });
    }
  }
  return events;
}

type Request = Omit<Parameters<DriverOptions['queries']['frames']>[0], 'window'>;

/** Whether a sensor repeated one value for several quarter hours: a check on rollups, which excludes most sensors. */
async function mayStick({ queries, now }: DriverOptions, request: Request, { start, end }: Window): Promise<boolean> {
  const first = Math.floor((start - HOUR_MS) / SLOT_MS);
  const edges = Float64Array.from({ length: Math.ceil(end / SLOT_MS) - first + 1 }, (_, i) => (first + i) * SLOT_MS);
  const [answer] = await queries.buckets({ ...request, edges, asOf: now() });
  const { min, max } = answer?.buckets[0] ?? { min: new Float64Array(0), max: new Float64Array(0) };
  let [slots, held] = [0, Number.NaN];
  for (let i = 0; i < min.length; i++) {
    const [lowest, highest] = [min[i]!, max[i]!];
    if (lowest !== highest && lowest === lowest) [slots, held] = [0, Number.NaN];
    else if (lowest === lowest && held === held && lowest !== held) [slots, held] = [1, lowest];
    else [slots, held] = [slots + 1, lowest === lowest ? lowest : held];
    if (slots >= MIN_SLOTS && held === held) return true;
  }
  return false;
}

async function thinned(frames: ReturnType<DriverOptions['queries']['stream']>, quantity: string): Promise<Series> {
  const [timestamps, thinned]: [number[], number[]] = [[], []];
  let next = Number.NEGATIVE_INFINITY;
  for await (const frame of frames) {
    const { timestamps: times, values } = seriesOf(frame, quantity);
    for (let i = 0; i < times.length; i++) {
      const at = times[i]!;
      if (at < next) continue;
      timestamps.push(at);
      thinned.push(values[i]!);
      next = at + THINNED_MS;
    }
  }
  return { timestamps: Float64Array.from(timestamps), values: Float64Array.from(thinned) };
}
