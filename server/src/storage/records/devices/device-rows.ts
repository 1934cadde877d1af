import type { DeviceKind } from '@wattkeeper/contract/device.ts';
import type { Selectable } from 'kysely';
import { v7 as newId } from 'uuid';
import type { RecordsConnection, Schema } from '../schema.ts';
import type { DeviceInput, DeviceRecord } from './devices.ts';

/** The device of an id or, failing that, of a name. */
export async function findDevice(db: RecordsConnection, idOrName: string): Promise<DeviceRecord | undefined> {
  const row = await db
    .selectFrom('devices')
    .selectAll()
    .where((where) => where.or([where('id', '=', idOrName), where('name', '=', idOrName)]))
    .orderBy((order) => order('id', '=', idOrName), 'desc')
    .executeTakeFirst();
  return row && toDevice(row);
}

/** Adds a device; constraint errors come as the database gives them. */
export async function insertDevice(db: RecordsConnection, device: DeviceInput, now: number): Promise<DeviceRecord> {
  const row = await db
    .insertInto('devices')
    .values({
      id: device.id ?? newId(),
      site_id: device.siteId,
      name: device.name,
      kind: device.kind ?? 'other',
      labels: JSON.stringify(device.labels ?? {}),
      expected_interval_s: device.expectedIntervalS ?? null,
      retired_at: null,
      holds_s: device.holdsS ?? null,
      rated_power_kw: device.ratedPowerKw ?? null,
      counters: JSON.stringify(device.counters ?? {}),
      counter_decisions: '[]',
      intervals: JSON.stringify(device.intervals ?? {}),
      created_at: now,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return toDevice(row);
}

/** A row as the rest of the program knows it. */
export function toDevice(row: Selectable<Schema['devices']>): DeviceRecord {
  return {
    id: row.id,
    siteId: row.site_id,
    name: row.name,
    kind: row.kind as DeviceKind,
    labels: JSON.parse(row.labels),
    expectedIntervalS: row.expected_interval_s,
    retiredAt: row.retired_at,
    holdsS: row.holds_s,
    ratedPowerKw: row.rated_power_kw,
    counters: JSON.parse(row.counters),
    counterDecisions: JSON.parse(row.counter_decisions),
    intervals: JSON.parse(row.intervals),
    createdAt: row.created_at,
  };
}
