import { seriesOf } from '../domain/frame.ts';
import { splitMetric } from '../domain/metric-catalogue.ts';
import type { Window } from '../domain/window.ts';
import type { TelemetryQueries } from './telemetry-queries.ts';

/** The newest sample of a series within a window, or null. */
export async function newestSample(
  queries: Pick<TelemetryQueries, 'frames'>,
  deviceId: string,
  metric: string,
  window: Window,
): Promise<{ timestamp: number; value: number } | null> {
  const { group, quantity } = splitMetric(metric);
  const [frame] = await queries.frames({ deviceIds: [deviceId], group, quantities: [quantity], window });
  const series = frame && seriesOf(frame, quantity);
  const timestamp = series?.timestamps.at(-1);
  return timestamp === undefined ? null : { timestamp, value: series?.values.at(-1) as number };
}
