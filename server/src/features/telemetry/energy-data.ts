import { formatInstant } from '@wattkeeper/contract/common.ts';
import { MINUTE_MS, SECOND_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { type EnergyDataAnswer, type EnergyDataQuery, MAX_WIDE_METRICS } from '@wattkeeper/contract/telemetry.ts';
import type { z } from 'zod';
import type { Frame } from '../../domain/columns/frame.ts';
import { InvalidInput } from '../../domain/errors.ts';
import type { Window } from '../../domain/time/window.ts';
import { quantitiesByGroup } from '../../query/query-planner.ts';
import type { TelemetryQueries } from '../../query/telemetry-queries.ts';
import type { DeviceRecord } from '../../storage/records/devices/device-record.ts';
import { cursorKey, cursorOf } from '../../storage/records/page.ts';
import type { HeldAnswer } from './answer-room.ts';
import { type ExportColumns, type ExportRows, inParts, wideColumns } from './export-rows.ts';
import type { Target, TelemetryService } from './service.ts';

type Cell = { readonly frame: Frame; readonly row: number };

/** Initial slice of the window; a page reads slices until it is full, each twice as long as the last one, or half as long after many records. */
const FIRST_SLICE_MS = MINUTE_MS;
const MIN_SLICE_MS = SECOND_MS;
const MAX_SLICE_MS = UTC_DAY_MS;
const MANY_RECORDS = 2000;
/** Memory of one value of a record with its name, in values of 8 bytes. */
const HELD_PER_VALUE = 8;

/**
 * Wide records in order of time, then of device. The window is read in slices until the page is full, and empty stretches are skipped, so that
 * the cost of a page does not depend on the length of the window. The cursor is the instant and device of the last record.
 */
export async function energyData(
  query: z.output<typeof EnergyDataQuery>,
  service: TelemetryService,
  queries: TelemetryQueries,
  held: HeldAnswer,
): Promise<EnergyDataAnswer> {
  const window = service.windowOf({ start: query.start_time, end: query.end_time });
  const targets = [
    ...(await service.targets({ device_id: query.device_id === undefined ? undefined : [query.device_id] })),
  ];
  const [timestamp, deviceId] = cursorKey(query.cursor, 'number', 'string') ?? [Number.NEGATIVE_INFINITY, ''];
  const after = { timestamp: Number(timestamp), deviceId: String(deviceId) };
  const isNext = ({ timestamp, device }: WideRecord) =>
    timestamp > after.timestamp || (timestamp === after.timestamp && device.id > after.deviceId);
  const items: EnergyDataAnswer['items'] = [];
  let start = Math.max(window.start, after.timestamp);
  for (let sliceMs = FIRST_SLICE_MS; start < window.end; ) {
    const end = Math.min(start + sliceMs, window.end);
    const records = await recordsOf(targets, { start, end }, queries);
    for (const record of records.filter(isNext)) {
      if (items.length === query.limit) {
        const { timestamp: at, device_id: id } = items.at(-1)!;
        return { items, warnings: [], next_cursor: cursorOf([Date.parse(at), id]) };
      }
      const values = Object.fromEntries(valuesOf(record.cells));
      held.add((1 + Object.keys(values).length) * HELD_PER_VALUE);
      items.push({
        device_id: record.device.id,
        device_name: record.device.name,
        timestamp: formatInstant(record.timestamp),
        values,
      });
    }
    sliceMs = nextSlice(sliceMs, records.length);
    start = records.length > 0 ? end : await firstIn(targets, { start: end, end: window.end }, queries);
  }
  return { items, warnings: [], next_cursor: null };
}

/**
 * Wide records of any number of devices, in order of device, then of time, with a column for each metric.
 * @throws InvalidInput for more metrics than a table may have; NotFound for an unknown device
 */
export async function wideExport(
  query: z.output<typeof EnergyDataQuery>,
  service: TelemetryService,
  queries: TelemetryQueries,
): Promise<{ columns: ExportColumns; window: Window; rows: AsyncIterable<ExportRows> }> {
  const window = service.windowOf({ start: query.start_time, end: query.end_time });
  const filter = { device_id: query.device_id === undefined ? undefined : [query.device_id] };
  const metrics = new Set<string>();
  for (const target of await service.targets(filter)) for (const metric of target.metrics) metrics.add(metric);
  if (metrics.size > MAX_WIDE_METRICS)
    throw new InvalidInput(
      `these devices have ${metrics.size} metrics, and a table of records has at most ${MAX_WIDE_METRICS}: specify a device, or request CSV, Parquet or Arrow from /telemetry`,
    );
  const names = [...metrics].sort();
  return { columns: wideColumns(names), window, rows: wideRows(await service.targets(filter), names, window, queries) };
}

async function* wideRows(
  targets: Iterable<Target>,
  names: readonly string[],
  window: Window,
  queries: TelemetryQueries,
): AsyncIterable<ExportRows> {
  const indexOf = new Map(names.map((name, i) => [name, i]));
  for (const target of targets) {
    let { start } = window;
    for (let sliceMs = FIRST_SLICE_MS; start < window.end; ) {
      const end = Math.min(start + sliceMs, window.end);
      const records = await recordsOf([target], { start, end }, queries);
      yield* inParts(
        [target.device.id, target.device.name],
        Float64Array.from(records, ({ timestamp }) => timestamp),
        columnsOf(records, indexOf),
      );
      sliceMs = nextSlice(sliceMs, records.length);
      start = records.length > 0 ? end : await firstIn([target], { start: end, end: window.end }, queries);
    }
  }
}

function columnsOf(records: readonly WideRecord[], indexOf: ReadonlyMap<string, number>): Float64Array[] {
  const columns = Array.from(indexOf, () => new Float64Array(records.length).fill(Number.NaN));
  for (const [row, { cells }] of records.entries())
    for (const [metric, value] of valuesOf(cells)) columns[indexOf.get(metric)!]![row] = value;
  return columns;
}

/** Length of the next slice: shorter after many records. */
function nextSlice(sliceMs: number, records: number): number {
  return records > MANY_RECORDS ? Math.max(sliceMs / 2, MIN_SLICE_MS) : Math.min(2 * sliceMs, MAX_SLICE_MS);
}

type Targets = Iterable<Target>;

/** The instant of the first value in a window; its end if there is none. */
async function firstIn(targets: Targets, { start, end }: Window, queries: TelemetryQueries): Promise<number> {
  let first = end;
  for (const { device, metrics } of targets) {
    for (const [group, quantities] of quantitiesByGroup(metrics)) {
      if (start >= first) return first;
      const window = { start, end: first };
      for await (const { timestamps } of queries.stream({ deviceIds: [device.id], group, quantities, window })) {
        first = Math.min(first, timestamps[0] ?? first);
        break;
      }
    }
  }
  return first;
}

interface WideRecord {
  readonly timestamp: number;
  readonly device: DeviceRecord;
  readonly cells: Cell[];
}

async function recordsOf(targets: Targets, window: Window, queries: TelemetryQueries): Promise<WideRecord[]> {
  const records: WideRecord[] = [];
  for (const { device, metrics } of targets) {
    const byTime = new Map<number, WideRecord>();
    for (const [group, quantities] of quantitiesByGroup(metrics)) {
      for (const frame of await queries.frames({ deviceIds: [device.id], group, quantities, window })) {
        for (const [row, timestamp] of frame.timestamps.entries()) {
          const record = byTime.get(timestamp) ?? { timestamp, device, cells: [] };
          record.cells.push({ frame, row });
          byTime.set(timestamp, record);
        }
      }
    }
    for (const record of byTime.values()) records.push(record);
  }
  return records.sort((a, b) => a.timestamp - b.timestamp || (a.device.id < b.device.id ? -1 : 1));
}

function valuesOf(cells: readonly Cell[]): Map<string, number> {
  const values = new Map<string, number>();
  for (const { frame, row } of cells) {
    for (const [c, quantity] of frame.quantities.entries()) {
      const value = frame.columns[c]![row]!;
      if (!Number.isNaN(value)) values.set(`${frame.group}.${quantity}`, value);
    }
  }
  return values;
}
