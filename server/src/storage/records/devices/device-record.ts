import type { CounterBehaviour, DeviceKind } from '@wattkeeper/contract/device.ts';
import type { Selectable } from 'kysely';
import { v7 as newId } from 'uuid';
import type { RecordsConnection, Schema } from '../schema.ts';

/** The amount that a user assigned to a counter event. Instants are epoch milliseconds. */
export interface CounterDecision {
  readonly metric: string;
  /** First sample of the event. */
  readonly at: number;
  /** In the unit of the metric. */
  readonly counts: number;
  readonly decidedBy: string;
  readonly decidedAt: number;
}

/** Anything that reports readings. Instants are epoch milliseconds. */
export interface DeviceRecord {
  readonly id: string;
  readonly siteId: string;
  /** Unique; accepted wherever an id is accepted. */
  readonly name: string;
  readonly kind: DeviceKind;
  readonly labels: Readonly<Record<string, string>>;
  /** Reporting interval, s; null: estimated from the data. */
  readonly expectedIntervalS: number | null;
  /** The instant from which the device is retired; null while it is active. */
  readonly retiredAt: number | null;
  /** For a device that reports changes only: the longest time that a value holds, s; null: estimated from the data. */
  readonly holdsS: number | null;
  readonly ratedPowerKw: number | null;
  /** Declared behaviour of counters, by metric. */
  readonly counters: Readonly<Record<string, CounterBehaviour>>;
  readonly counterDecisions: readonly CounterDecision[];
  /** Declared interval length of deltas (`1d`), by metric. */
  readonly intervals: Readonly<Record<string, string>>;
  readonly createdAt: number;
}

export interface DeviceInput {
  /** For a device whose readings are already stored; default: a new id. */
  readonly id?: string | undefined;
  readonly name: string;
  readonly siteId: string;
  readonly kind?: DeviceKind | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly expectedIntervalS?: number | null | undefined;
  readonly holdsS?: number | null | undefined;
  readonly ratedPowerKw?: number | null | undefined;
  readonly counters?: Readonly<Record<string, CounterBehaviour>> | undefined;
  readonly intervals?: Readonly<Record<string, string>> | undefined;
}

export type DevicePatch = {
  readonly [K in keyof Omit<DeviceRecord, 'id' | 'createdAt' | 'counterDecisions'>]?: DeviceRecord[K] | undefined;
};

export interface DeviceFilter {
  readonly siteId?: string | undefined;
  readonly kind?: DeviceKind | undefined;
}

/** A device that registers itself by reporting. */
export interface DeviceRegistration {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** Used when the device is new. */
  readonly kind?: DeviceKind | undefined;
}

export interface DeviceChange {
  readonly type: 'created' | 'updated' | 'removed';
  readonly device: DeviceRecord;
}

/** Finds a device by id or, failing that, by name. */
export async function findDevice(db: RecordsConnection, idOrName: string): Promise<DeviceRecord | undefined> {
  const row = await db
    .selectFrom('devices')
    .selectAll()
    .where((where) => where.or([where('id', '=', idOrName), where('name', '=', idOrName)]))
    .orderBy((order) => order('id', '=', idOrName), 'desc')
    .executeTakeFirst();
  return row && toDevice(row);
}

/** Adds a device; constraint errors are passed on unchanged. */
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

/** Converts a row to a record. */
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
