import { HOUR_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { stuckRuns } from '../../analytics/quality/runs.ts';
import { type Series, seriesOf } from '../../domain/columns/frame.ts';
import type { Window } from '../../domain/time/window.ts';
import type { DeviceRecord } from '../../storage/records/devices/device-record.ts';
import type { DriverOptions } from '../baseline/driver-loader.ts';
import { SLOT_MS, stickingMetrics } from './device-history.ts';
import type { FoundEvent } from './stored-anomaly.ts';

/** Samples of this long before a window tell how often a sensor repeats itself, and at which values it rests at weekends. */
const HISTORY_MS = 21 * UTC_DAY_MS;
/** Samples that follow each other faster tell nothing more; four months of them are a third of a million. */
const THINNED_MS = 30_000;
const CONFIDENCE = 0.95;
const CRITICAL_MS = UTC_DAY_MS;
/** A run that is told lasts an hour, so it fills at least so many quarters. */
const MIN_SLOTS = 3;
/** What knows fewer values than this in its history is a set point, or too coarse to tell standing still from resting. */
const MIN_VALUES = 8;

/**
 * Sensors of a device that repeated one value in a window, longer than chance would have it.
 * @param limitOf hours of a metric from which on it is told: what labels have taught
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

/** Whether a sensor held one value for some quarters of an hour: the rollups know, and most never did. */
async function mayStick({ queries, now }: DriverOptions, request: Request, { start, end }: Window): Promise<boolean> {
  const first = Math.floor((start - HOUR_MS) / SLOT_MS);
  const edges = Float64Array.from({ length: Math.ceil(end / SLOT_MS) - first + 1 }, (_, i) => (first + i) * SLOT_MS);
  const [answer] = await queries.buckets({ ...request, edges, asOf: now() });
  const { min, max } = answer?.buckets[0] ?? { min: new Float64Array(0), max: new Float64Array(0) };
  let [slots, held] = [0, Number.NaN];
  for (let i = 0; i < min.length; i++) {
    const [least, most] = [min[i]!, max[i]!];
    if (least !== most && least === least) [slots, held] = [0, Number.NaN];
    else if (least === least && held === held && least !== held) [slots, held] = [1, least];
    else [slots, held] = [slots + 1, least === least ? least : held];
    if (slots >= MIN_SLOTS && held === held) return true;
  }
  return false;
}

async function thinned(frames: ReturnType<DriverOptions['queries']['stream']>, quantity: string): Promise<Series> {
  const [timestamps, kept]: [number[], number[]] = [[], []];
  let next = Number.NEGATIVE_INFINITY;
  for await (const frame of frames) {
    const { timestamps: times, values } = seriesOf(frame, quantity);
    for (let i = 0; i < times.length; i++) {
      const at = times[i]!;
      if (at < next) continue;
      timestamps.push(at);
      kept.push(values[i]!);
      next = at + THINNED_MS;
    }
  }
  return { timestamps: Float64Array.from(timestamps), values: Float64Array.from(kept) };
}
