import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import type { Buckets } from '../../domain/columns/aggregate.ts';
import type { Block } from '../../domain/columns/batch.ts';
import type { Frame } from '../../domain/columns/frame.ts';
import type { RulesOf } from '../../domain/series-rules.ts';
import { bucketEdges, dayOf, dayWindow } from '../../domain/time/site-time.ts';
import type { Window } from '../../domain/time/window.ts';
import type { TelemetryStore } from '../backend.ts';
import type { DeviceGroup } from '../whole-days.ts';
import { type RollupWidth, rollupGroup } from './rollup-names.ts';
import { fromFrames, type RollupRows, rollupQuantities, takeLate, toBlock } from './rollup-rows.ts';

export interface RollUpSource {
  /** Raw samples, in the store or the archive. */
  readonly raw: Pick<TelemetryStore, 'read' | 'aggregate'>;
  /** The source of rollups. */
  readonly rollups: Pick<TelemetryStore, 'read'>;
  readonly rulesOf: RulesOf;
  readonly timeZoneOf: (deviceId: string) => string;
  /** The current time, beyond which no value holds, epoch milliseconds. */
  readonly now: () => number;
}

/** Whether the raw samples of the window are complete, or only those that arrived after the others were deleted. */
export type RawIs = 'complete' | 'late';

/** Time span that is rolled up at once: 10,080 minutes. */
const SPAN_MS = 7 * UTC_DAY_MS;

/**
 * The rollups of one device and group over a window, as blocks for the stores, from 1 min to one day. Existing rows that have become empty
 * are included.
 * @param window starts and ends at midnight UTC; site days belong to it when they end in it
 * @param widths to compute
 */
export async function* rollUp(
  source: RollUpSource,
  of: Pick<DeviceGroup, 'deviceId' | 'group' | 'quantities'>,
  window: Window,
  rawIs: RawIs,
  widths: readonly RollupWidth[],
): AsyncGenerator<Block> {
  for (const width of widths) {
    for (let { start } = window; start < window.end; start += SPAN_MS) {
      const edges = edgesOf(
        width,
        { start, end: Math.min(start + SPAN_MS, window.end) },
        source.timeZoneOf(of.deviceId),
      );
      if (edges.length < 2) continue;
      const block = await rollUpEdges(source, of, width, edges, rawIs);
      if (block.timestamps.length > 0) yield block;
    }
  }
}

async function rollUpEdges(
  source: RollUpSource,
  { deviceId, group, quantities }: Pick<DeviceGroup, 'deviceId' | 'group' | 'quantities'>,
  width: RollupWidth,
  edges: Float64Array,
  rawIs: RawIs,
): Promise<Block> {
  const rules = [source.rulesOf(deviceId, group, quantities)];
  const request = { deviceIds: [deviceId], group, quantities, edges, asOf: source.now(), rules };
  const [answer] = await source.raw.aggregate(request);
  const computed: RollupRows = { starts: edges.subarray(0, -1), buckets: answer?.buckets ?? [] };
  const into = rollupGroup(group, width);
  const frames: Frame[] = [];
  const known = {
    deviceIds: [deviceId],
    group: into,
    quantities: rollupQuantities(quantities),
    window: { start: edges[0]!, end: edges.at(-1) as number },
  };
  for await (const frame of source.rollups.read(known)) frames.push(frame);
  const rows = fromFrames(frames, quantities.length);
  const starts = new Set(rows.starts);
  if (rawIs === 'complete') return toBlock(into, deviceId, quantities, computed, starts);
  return toBlock(into, deviceId, quantities, withLate(rows, computed), starts);
}

/** Computed buckets; a known bucket is kept unless the late samples contain more than it. */
function withLate(known: RollupRows, late: RollupRows): RollupRows {
  const at = new Map(Array.from(known.starts, (start, row) => [start, row]));
  for (const [row, start] of late.starts.entries()) {
    const place = at.get(start);
    if (place === undefined) continue;
    for (const [q, of] of known.buckets.entries()) {
      const fresh = late.buckets[q]!;
      takeLate(of, place, fresh, row);
      for (const key of Object.keys(of) as (keyof Buckets)[]) fresh[key][row] = of[key][place]!;
    }
  }
  return late;
}

/** @param window starts and ends at midnight UTC */
function edgesOf(width: RollupWidth, window: Window, timeZone: string): Float64Array {
  if (width !== '1d') return bucketEdges(window, width, 'UTC');
  const edges = new Set<number>();
  for (let day = dayWindow(dayOf(window.start, timeZone), timeZone); day.end <= window.end; ) {
    if (day.end > window.start) edges.add(day.start).add(day.end);
    day = dayWindow(dayOf(day.end, timeZone), timeZone);
  }
  return Float64Array.from(edges);
}
