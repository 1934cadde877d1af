import type { Aggregate } from '@wattkeeper/contract/telemetry.ts';
import { meansOf } from '../../domain/columns/aggregate.ts';
import { bucketEdges } from '../../domain/time/site-time.ts';
import type { Window } from '../../domain/time/window.ts';
import { quantitiesByGroup } from '../../query/query-planner.ts';
import type { AnswerRoom } from './answer-room.ts';
import { type ExportRows, inParts } from './export-rows.ts';
import { COLUMNS_PER_BUCKET, DEFAULT_AGGREGATES, type Target, type TelemetryOptions } from './service.ts';

/** Default aggregates of an export: those of all kinds of metrics, empty if they do not apply to a metric. */
export const EXPORTED_AGGREGATES = ['mean', 'min', 'max', 'sum', 'last', 'increase'] as const satisfies Aggregate[];

/** Buckets of any number of series, one series after the other: only those of one group of one device are in memory. */
export async function* bucketRows(
  { queries, sites, catalogue }: TelemetryOptions,
  targets: Iterable<Target>,
  request: { readonly window: Window; readonly bucket: string; readonly aggregates: readonly Aggregate[] | undefined },
  room: AnswerRoom,
): AsyncIterable<ExportRows> {
  const zoneOf = new Map((await sites.list()).map(({ id, timezone }) => [id, timezone]));
  const edgesOf = new Map<string, Float64Array>();
  for (const { device, metrics } of targets) {
    const zone = zoneOf.get(device.siteId) ?? 'UTC';
    const edges = edgesOf.get(zone) ?? bucketEdges(request.window, request.bucket, zone);
    edgesOf.set(zone, edges);
    for (const [group, quantities] of quantitiesByGroup(metrics)) {
      const held = room.open();
      try {
        held.add(edges.length * quantities.length * COLUMNS_PER_BUCKET);
        const [answer] = await queries.buckets({ deviceIds: [device.id], group, quantities, edges });
        for (const [q, quantity] of quantities.entries()) {
          const { unit, kind } = catalogue.describe(`${group}.${quantity}`);
          const found = answer!.buckets[q]!;
          const empty = new Float64Array(edges.length - 1).fill(Number.NaN);
          const applicable: readonly Aggregate[] = request.aggregates ?? DEFAULT_AGGREGATES[kind];
          const columns = (request.aggregates ?? EXPORTED_AGGREGATES).map((aggregate) =>
            applicable.includes(aggregate) ? (aggregate === 'mean' ? meansOf(found) : found[aggregate]) : empty,
          );
          yield* inParts([device.id, device.name, `${group}.${quantity}`, unit], edges.subarray(0, -1), columns);
        }
      } finally {
        held.release();
      }
    }
  }
}
