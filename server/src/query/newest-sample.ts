import { EARLIEST_MS } from '@wattkeeper/contract/common.ts';
import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { seriesOf } from '../domain/columns/frame.ts';
import { splitMetric } from '../domain/metric-catalogue.ts';
import type { Window } from '../domain/time/window.ts';
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

/** Length of the first searched span; each earlier span is twice as long. */
const FIRST_SPAN_DAYS = 8;

/** The newest sample of a series before an instant, however old, or null. */
export async function newestSampleBefore(
  queries: Pick<TelemetryQueries, 'frames' | 'buckets'>,
  deviceId: string,
  metric: string,
  before: number,
): Promise<{ timestamp: number; value: number } | null> {
  const { group, quantity } = splitMetric(metric);
  let end = before;
  for (let days = FIRST_SPAN_DAYS; end > EARLIEST_MS; days *= 2) {
    const start = end - days * UTC_DAY_MS;
    const edges = Float64Array.from({ length: days + 1 }, (_, i) => start + i * UTC_DAY_MS);
    const [answer] = await queries.buckets({ deviceIds: [deviceId], group, quantities: [quantity], edges, asOf: end });
    const day = answer?.buckets[0]?.count.findLastIndex((count) => count > 0) ?? -1;
    if (day >= 0) {
      return newestSample(queries, deviceId, metric, { start: edges[day]!, end: edges[day + 1]! });
    }
    end = start;
  }
  return null;
}
