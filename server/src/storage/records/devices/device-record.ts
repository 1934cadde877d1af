import type { CounterBehaviour, DeviceKind } from '@wattkeeper/contract/device.ts';
import type { Selectable } from 'kysely';
import { v7 as newId } from 'uuid';
import type { RecordsConnection, Schema } from '../schema.ts';

/** What an event of a counter counts for, as somebody decided. Instants are epoch milliseconds. */
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
  /** Unique; stands wherever the id may stand. */
  readonly name: string;
  readonly kind: DeviceKind;
  readonly labels: Readonly<Record<string, string>>;
  /** Seconds between reports; null: found from the data. */
  readonly expectedIntervalS: number | null;
  /** From when on it does not count; null: it is active. */
  readonly retiredAt: number | null;
  /** It reports changes only, and a value holds for this many seconds at most; null: found from the data. */
  readonly holdsS: number | null;
  readonly ratedPowerKw: number | null;
  /** Behaviour of counters by metric, as far as it is declared. */
  readonly counters: Readonly<Record<string, CounterBehaviour>>;
  readonly counterDecisions: readonly CounterDecision[];
  /** Length of the intervals of quantities per interval (`1d`) by metric, as far as it is declared. */
  readonly intervals: Readonly<Record<string, string>>;
  readonly createdAt: number;
}

export interface DeviceInput {
  /** Of a device whose readings are stored already; default: a new one. */
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
