import { stuckRuns } from '../../analytics/quality/runs.ts';
import { seriesOf } from '../../domain/frame.ts';
import { HOUR_MS, UTC_DAY_MS, type Window } from '../../domain/window.ts';
import type { DeviceRecord } from '../../storage/records/devices.ts';
import type { DriverOptions } from '../baseline/driver-loader.ts';
import { stickingMetrics } from './device-history.ts';
import type { FoundEvent } from './stored-anomaly.ts';

/** Samples of this long before a window tell how often a sensor repeats itself, and at which values it rests at weekends. */
const HISTORY_MS = 21 * UTC_DAY_MS;
const CONFIDENCE = 0.95;
const CRITICAL_MS = UTC_DAY_MS;

/** Sensors of a device that repeated one value in a window, longer than chance would have it. */
export async function stuckSensors(
  options: DriverOptions,
  device: DeviceRecord,
  window: Window,
): Promise<FoundEvent[]> {
  const events: FoundEvent[] = [];
  for (const { group, quantity, metric } of stickingMetrics(options, device)) {
    const span = { start: window.start - HISTORY_MS, end: window.end };
    const [frame] = await options.queries.frames({
      deviceIds: [device.id],
      group,
      quantities: [quantity],
      window: span,
    });
    if (frame === undefined) continue;
    const series = seriesOf(frame, quantity);
    for (const { from, to } of stuckRuns(series, [])) {
      const start = series.timestamps[from] as number;
      const end = (series.timestamps[to - 1] as number) + 1;
      if (end <= window.start) continue;
      events.push({
        type: 'stuck_sensor',
        severity: end - start >= CRITICAL_MS ? 'critical' : 'warning',
        ...{ metric, start, end, confidence: CONFIDENCE },
        value: series.values[from] as number,
        expected: null,
        strength: (end - start) / HOUR_MS,
        limit: 1,
        features: [],
        extraKwh: null,
      });
    }
  }
  return events;
}
