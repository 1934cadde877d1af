import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import type { Batch } from '../domain/columns/batch.ts';
import { type Frame, lowerBound } from '../domain/columns/frame.ts';
import type { Window } from '../domain/time/window.ts';
import type { SeriesExtent, TelemetryStore } from './backend.ts';

/** The extent of one device and metric group in a store. */
export interface DeviceGroup {
  readonly deviceId: string;
  readonly group: string;
  readonly quantities: readonly string[];
  readonly window: Window;
  /** Number of values of all quantities. */
  readonly values: number;
}

/** Minimum number of rows in memory: frames end with the day in which they reach it. */
const ROWS = 16_384;

/** The devices and metric groups of a store, in a fixed order. */
export function deviceGroups(series: readonly SeriesExtent[]): DeviceGroup[] {
  const groups = new Map<string, SeriesExtent[]>();
  for (const extent of series) {
    const key = `${extent.deviceId} ${extent.metric.slice(0, extent.metric.lastIndexOf('.'))}`;
    groups.set(key, [...(groups.get(key) ?? []), extent]);
  }
  return [...groups.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, extents]) => ({
      deviceId: key.slice(0, key.indexOf(' ')),
      group: key.slice(key.indexOf(' ') + 1),
      quantities: extents.map(({ metric }) => metric.slice(metric.lastIndexOf('.') + 1)).sort(),
      window: {
        start: Math.min(...extents.map(({ first }) => first)),
        end: Math.max(...extents.map(({ last }) => last)) + 1,
      },
      values: extents.reduce((sum, { count }) => sum + count, 0),
    }));
}

/** The frames of a device and group, each of whole UTC days, ascending. */
export async function* readWholeDays(store: Pick<TelemetryStore, 'read'>, of: DeviceGroup): AsyncGenerator<Frame> {
  const { deviceId, group, quantities, window } = of;
  let held: Frame[] = [];
  let rows = 0;
  for await (const frame of store.read({ deviceIds: [deviceId], group, quantities, window })) {
    held.push(frame);
    rows += frame.timestamps.length;
    if (rows < ROWS) continue;
    const all = joinFrames(held);
    const lastDay = Math.floor((all.timestamps.at(-1) as number) / UTC_DAY_MS) * UTC_DAY_MS;
    const cut = lowerBound(all.timestamps, lastDay);
    if (cut === 0) {
      held = [all];
      continue;
    }
    yield* bySize(sliceFrame(all, 0, cut));
    held = [sliceFrame(all, cut, all.timestamps.length)];
    rows = all.timestamps.length - cut;
  }
  if (rows > 0) yield* bySize(joinFrames(held));
}

/** A long frame, such as an archived month, in pieces that end with the day in which they reach `ROWS`. */
function* bySize(frame: Frame): Generator<Frame> {
  const { timestamps } = frame;
  for (let from = 0; from < timestamps.length; ) {
    const reached = timestamps[Math.min(from + ROWS, timestamps.length) - 1]!;
    const to = lowerBound(timestamps, (Math.floor(reached / UTC_DAY_MS) + 1) * UTC_DAY_MS);
    yield sliceFrame(frame, from, to);
    from = to;
  }
}

/** A frame as a batch for a store. */
export function batchOf({ deviceId, group, quantities, timestamps, columns }: Frame): Batch {
  const device = new Int32Array(timestamps.length);
  return { sequence: 0, blocks: [{ group, quantities, devices: [deviceId], device, timestamps, columns }] };
}

function joinFrames(frames: readonly Frame[]): Frame {
  const [first] = frames as readonly [Frame, ...Frame[]];
  if (frames.length === 1) return first;
  const rows = frames.reduce((sum, { timestamps }) => sum + timestamps.length, 0);
  const join = (pick: (frame: Frame) => Float64Array) => {
    const out = new Float64Array(rows);
    let at = 0;
    for (const frame of frames) {
      out.set(pick(frame), at);
      at += frame.timestamps.length;
    }
    return out;
  };
  return {
    ...first,
    timestamps: join(({ timestamps }) => timestamps),
    columns: first.quantities.map((_, c) => join(({ columns }) => columns[c]!)),
  };
}

function sliceFrame(frame: Frame, from: number, to: number): Frame {
  if (from === 0 && to === frame.timestamps.length) return frame;
  return {
    ...frame,
    timestamps: frame.timestamps.slice(from, to),
    columns: frame.columns.map((column) => column.slice(from, to)),
  };
}
