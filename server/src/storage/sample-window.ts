import { aggregateSeries, type Buckets, emptyBuckets } from '../domain/aggregate.ts';
import { decidingWindow } from '../domain/cadence.ts';
import { type Rows, withoutMissing } from '../domain/frame.ts';
import type { Window } from '../domain/window.ts';
import type { AggregateRequest, DeviceBuckets } from './backend.ts';
import { joinRows } from './rows.ts';

/** The span whose samples decide the aggregates of buckets. */
export function sampleWindow(edges: Float64Array, expectedIntervalMs: number | null): Window {
  const window = { start: edges[0] as number, end: edges[edges.length - 1] as number };
  return decidingWindow(window, expectedIntervalMs);
}

/** The widest of the sample windows of a request's devices, or null where there is no bucket. */
export function widestSampleWindow({ edges, expectedIntervalMs }: AggregateRequest): Window | null {
  if (edges.length < 2) return null;
  let widest = sampleWindow(edges, 0);
  for (const expected of expectedIntervalMs) {
    const { start, end } = sampleWindow(edges, expected);
    widest = { start: Math.min(widest.start, start), end: Math.max(widest.end, end) };
  }
  return widest;
}

/**
 * Aggregates the columns of one device.
 * @param rows merged rows, those of the device's sample window and no others; one column per quantity asked
 */
export function aggregateRows(rows: Rows, request: AggregateRequest, expectedIntervalMs: number | null): Buckets[] {
  const options = { expectedIntervalMs, asOf: request.asOf };
  return rows.columns.map((column) => aggregateSeries(withoutMissing(rows.timestamps, column), request.edges, options));
}

/** Aggregates of devices, one at a time, from the rows of their sample windows as they come in pieces. */
export async function aggregatePieces(
  request: AggregateRequest,
  piecesOf: (deviceId: string, window: Window) => AsyncIterable<Rows>,
): Promise<DeviceBuckets[]> {
  const { deviceIds, quantities, edges } = request;
  const bucketCount = Math.max(edges.length - 1, 0);
  const found: DeviceBuckets[] = [];
  for (const [position, deviceId] of deviceIds.entries()) {
    const expected = request.expectedIntervalMs[position] ?? null;
    const parts: Rows[] = [];
    if (bucketCount > 0) {
      for await (const part of piecesOf(deviceId, sampleWindow(edges, expected))) parts.push(part);
    }
    const buckets =
      parts.length > 0
        ? aggregateRows(joinRows(parts, quantities.length), request, expected)
        : quantities.map(() => emptyBuckets(bucketCount));
    found.push({ deviceId, buckets });
  }
  return found;
}
