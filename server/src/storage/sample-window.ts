import { aggregateSeries, type Buckets, emptyBuckets } from '../domain/columns/aggregate.ts';
import { type Rows, withoutMissing } from '../domain/columns/frame.ts';
import { NO_RULES, rulesWindow, type SeriesRules } from '../domain/series-rules.ts';
import type { Window } from '../domain/time/window.ts';
import type { AggregateRequest, DeviceBuckets } from './backend.ts';
import { joinRows } from './join-rows.ts';

/** The window whose samples determine the aggregates of buckets. */
export function sampleWindow(edges: Float64Array, quantities: readonly string[], rules: SeriesRules): Window {
  return rulesWindow({ start: edges[0]!, end: edges.at(-1)! }, quantities, rules);
}

/** The widest sample window of a request's devices, or null without buckets. */
export function widestSampleWindow({ edges, quantities, rules }: AggregateRequest): Window | null {
  if (edges.length < 2) return null;
  let widest: Window = { start: edges[0]!, end: edges.at(-1)! };
  for (const of of rules) {
    const { start, end } = sampleWindow(edges, quantities, of);
    widest = { start: Math.min(widest.start, start), end: Math.max(widest.end, end) };
  }
  return widest;
}

/**
 * Aggregates the columns of one device.
 * @param rows merged rows of exactly the device's sample window; one column per requested quantity
 */
export function aggregateRows(
  rows: Rows,
  { quantities, edges, asOf }: Pick<AggregateRequest, 'quantities' | 'edges' | 'asOf'>,
  { counters, ...reporting }: SeriesRules,
): Buckets[] {
  return rows.columns.map((column, q) => {
    const counter = counters.get(quantities[q]!) ?? null;
    return aggregateSeries(withoutMissing(rows.timestamps, column), edges, { ...reporting, asOf, counter });
  });
}

/** Aggregates devices, one at a time, from pieces of the rows of their sample windows. */
export async function aggregatePieces(
  request: AggregateRequest,
  piecesOf: (deviceId: string, window: Window) => AsyncIterable<Rows>,
): Promise<DeviceBuckets[]> {
  const { deviceIds, quantities, edges } = request;
  const bucketCount = Math.max(edges.length - 1, 0);
  const found: DeviceBuckets[] = [];
  for (const [position, deviceId] of deviceIds.entries()) {
    const rules = request.rules[position] ?? NO_RULES;
    const parts: Rows[] = [];
    if (bucketCount > 0) {
      for await (const part of piecesOf(deviceId, sampleWindow(edges, quantities, rules))) parts.push(part);
    }
    const buckets =
      parts.length > 0
        ? aggregateRows(joinRows(parts, quantities.length), request, rules)
        : quantities.map(() => emptyBuckets(bucketCount));
    found.push({ deviceId, buckets });
  }
  return found;
}
