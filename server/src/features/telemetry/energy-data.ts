import { formatInstant } from '@wattkeeper/contract/common.ts';
import type { EnergyDataAnswer, EnergyDataQuery } from '@wattkeeper/contract/telemetry.ts';
import type { z } from 'zod';
import { InvalidInput } from '../../domain/errors.ts';
import type { Frame } from '../../domain/frame.ts';
import { HOUR_MS } from '../../domain/window.ts';
import { quantitiesByGroup } from '../../query/query-planner.ts';
import type { TelemetryQueries } from '../../query/telemetry-queries.ts';
import type { DeviceRecord } from '../../storage/records/devices.ts';
import type { TelemetryService } from './telemetry-service.ts';

type Cell = { readonly frame: Frame; readonly row: number };

/** First slice of the window that is read; it doubles while records are few. */
const FIRST_SLICE_MS = HOUR_MS;

/**
 * Wide records in order of time, then of device. The window is read in slices until the page is full, so that a page of a long
 * window costs no more than the page. The cursor is the instant and device of the last record.
 */
export async function energyData(
  query: z.output<typeof EnergyDataQuery>,
  service: TelemetryService,
  queries: TelemetryQueries,
): Promise<EnergyDataAnswer> {
  const window = service.windowOf({ start: query.start_time, end: query.end_time });
  const targets = await service.targets({ device_id: query.device_id === undefined ? undefined : [query.device_id] });
  const after = parseCursor(query.cursor);
  const items: EnergyDataAnswer['items'] = [];
  let sliceMs = FIRST_SLICE_MS;
  for (let start = Math.max(window.start, after?.timestamp ?? 0); start < window.end; sliceMs *= 2) {
    const end = Math.min(start + sliceMs, window.end);
    for (const record of await recordsOf(targets, { start, end }, queries)) {
      if (
        after &&
        (record.timestamp < after.timestamp ||
          (record.timestamp === after.timestamp && record.device.id <= after.deviceId))
      )
        continue;
      if (items.length === query.limit) {
        const last = items.at(-1) as EnergyDataAnswer['items'][number];
        return { items, next_cursor: `${Date.parse(last.timestamp)}.${last.device_id}` };
      }
      items.push({
        device_id: record.device.id,
        device_name: record.device.name,
        timestamp: formatInstant(record.timestamp),
        values: valuesOf(record.cells),
      });
    }
    start = end;
  }
  return { items, next_cursor: null };
}

interface WideRecord {
  readonly timestamp: number;
  readonly device: DeviceRecord;
  readonly cells: Cell[];
}

async function recordsOf(
  targets: Awaited<ReturnType<TelemetryService['targets']>>,
  window: { start: number; end: number },
  queries: TelemetryQueries,
): Promise<WideRecord[]> {
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
    records.push(...byTime.values());
  }
  return records.sort((a, b) => a.timestamp - b.timestamp || (a.device.id < b.device.id ? -1 : 1));
}

function valuesOf(cells: readonly Cell[]): Record<string, number> {
  const values: Record<string, number> = {};
  for (const { frame, row } of cells) {
    for (const [c, quantity] of frame.quantities.entries()) {
      const value = (frame.columns[c] as Float64Array)[row] as number;
      if (!Number.isNaN(value)) values[`${frame.group}.${quantity}`] = value;
    }
  }
  return values;
}

function parseCursor(cursor: string | undefined): { timestamp: number; deviceId: string } | null {
  if (cursor === undefined) return null;
  const match = /^(\d{1,15})\.([0-9a-f-]{36})$/.exec(cursor);
  if (!match) {
    const detail = `must be the next_cursor of the page before; got "${cursor.slice(0, 60)}"`;
    throw new InvalidInput(`cursor ${detail}`, { fields: [{ field: 'cursor', detail }] });
  }
  return { timestamp: Number(match[1]), deviceId: match[2] as string };
}
