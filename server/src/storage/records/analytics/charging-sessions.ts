import { formatInstant } from '@wattkeeper/contract/common.ts';
import type { Selectable } from 'kysely';
import { v7 as newId } from 'uuid';
import { Conflict, InvalidInput } from '../../../domain/errors.ts';
import { isTaken } from '../engine/constraint-errors.ts';
import { type Page, type PageRequest, pageOfQuery } from '../page.ts';
import { explainConstraint, present, unknownId } from '../record-errors.ts';
import type { RecordsConnection, RecordsContext, RecordsDatabase, RecordsTransaction, Schema } from '../schema.ts';

/** An interval in which a battery or vehicle was charged or discharged. Instants are epoch milliseconds. */
export interface ChargingSessionRecord {
  readonly id: string;
  readonly deviceId: string;
  /** The current name of the device. */
  readonly deviceName: string;
  /** The current site of the device. */
  readonly siteId: string;
  readonly direction: 'charge' | 'discharge';
  readonly startAt: number;
  /** null while the session runs. */
  readonly endAt: number | null;
  readonly energyKwh: number;
  readonly startSocPercent: number | null;
  readonly endSocPercent: number | null;
  readonly averagePricePerKwh: number | null;
  /** Cost of charging; negative for revenue from discharging to the grid. */
  readonly cost: number | null;
  /** 0–1. */
  readonly gridShare: number | null;
  /** Share of the grid energy that is priced at the tariff's fallback, 0–1; null when unknown. */
  readonly fallbackShare: number | null;
  readonly note: string | null;
  readonly source: 'detected' | 'recorded';
}

/** Optional fields default to null. */
export type ChargingSessionInput = Pick<
  ChargingSessionRecord,
  'deviceId' | 'direction' | 'startAt' | 'energyKwh' | 'source'
> &
  ChargingSessionPatch;

export type ChargingSessionPatch = {
  readonly [K in keyof Omit<ChargingSessionRecord, 'id' | 'deviceId' | 'deviceName' | 'siteId'>]?:
    | ChargingSessionRecord[K]
    | undefined;
};

export interface ChargingSessionFilter {
  readonly deviceId?: string | undefined;
  readonly siteId?: string | undefined;
  /** Sessions that start at or after this instant. */
  readonly start?: number | undefined;
  /** Sessions that start before this instant. */
  readonly end?: number | undefined;
}

/** Charging and discharging sessions. A device has at most one session per start. */
export class ChargingSessions {
  readonly #db: RecordsDatabase;

  constructor({ db }: RecordsContext) {
    this.#db = db;
  }

  /** Newest first. */
  async page(request: PageRequest & ChargingSessionFilter): Promise<Page<ChargingSessionRecord>> {
    let query = select(this.#db);
    const { deviceId, siteId, start, end } = request;
    if (deviceId !== undefined) query = query.where('device_id', '=', deviceId);
    if (siteId !== undefined) query = query.where('devices.site_id', '=', siteId);
    if (start !== undefined) query = query.where('start_at', '>=', start);
    if (end !== undefined) query = query.where('start_at', '<', end);
    const key = { start_at: 'number', 'charging_sessions.id': 'string' } as const;
    return pageOfQuery(query, request, 'desc', key, toRecord);
  }

  async find(id: string): Promise<ChargingSessionRecord | undefined> {
    const row = await select(this.#db).where('charging_sessions.id', '=', id).executeTakeFirst();
    return row && toRecord(row);
  }

  /** Throws NotFound. */
  async require(id: string): Promise<ChargingSessionRecord> {
    const session = await this.find(id);
    if (session === undefined) throw unknownId('charging session', id);
    return session;
  }

  /** The running session of a device, if any; the newest of several. */
  async running(deviceId: string): Promise<ChargingSessionRecord | undefined> {
    const row = await select(this.#db)
      .where('device_id', '=', deviceId)
      .where('end_at', 'is', null)
      .orderBy('start_at', 'desc')
      .executeTakeFirst();
    return row && toRecord(row);
  }

  /** Throws Conflict when the device has a session with the same start, InvalidInput for an unknown device. */
  async create(session: ChargingSessionInput): Promise<ChargingSessionRecord> {
    checkOrder(session.startAt, session.endAt ?? null);
    return this.#db
      .transaction()
      .execute((transaction) => insertSession(transaction, session))
      .catch(rethrow(session.deviceId));
  }

  /** Creates the session or overwrites the one of the same device and start. A session recorded by hand is not overwritten. */
  async upsert(session: ChargingSessionInput): Promise<ChargingSessionRecord> {
    checkOrder(session.startAt, session.endAt ?? null);
    return this.#db
      .transaction()
      .execute(async (transaction) => {
        const known = await select(transaction)
          .where('device_id', '=', session.deviceId)
          .where('start_at', '=', session.startAt)
          .executeTakeFirst();
        if (known === undefined) return insertSession(transaction, session);
        if (known.source === 'recorded' && session.source === 'detected') return toRecord(known);
        const columns = { ...NOTHING_KNOWN, ...present(toColumns(session)), source: session.source };
        await transaction.updateTable('charging_sessions').set(columns).where('id', '=', known.id).execute();
        return selectOne(transaction, known.id);
      })
      .catch(rethrow(session.deviceId));
  }

  /** Throws NotFound, Conflict, or InvalidInput when the end is before the start. */
  async update(id: string, patch: ChargingSessionPatch): Promise<ChargingSessionRecord> {
    return this.#db
      .transaction()
      .execute(async (transaction) => {
        const row = await select(transaction).where('charging_sessions.id', '=', id).executeTakeFirst();
        if (row === undefined) throw unknownId('charging session', id);
        const endAt = patch.endAt === undefined ? row.end_at : patch.endAt;
        checkOrder(patch.startAt ?? row.start_at, endAt);
        const update = transaction.updateTable('charging_sessions').set({ id, ...toColumns(patch) });
        await update.where('id', '=', id).execute();
        return selectOne(transaction, id);
      })
      .catch(rethrow(''));
  }

  /** Throws NotFound. */
  async remove(id: string): Promise<void> {
    const removed = await this.#db
      .deleteFrom('charging_sessions')
      .where('id', '=', id)
      .returning('id')
      .executeTakeFirst();
    if (removed === undefined) throw unknownId('charging session', id);
  }
}

function select(db: RecordsConnection) {
  return db
    .selectFrom('charging_sessions')
    .innerJoin('devices', 'devices.id', 'charging_sessions.device_id')
    .selectAll('charging_sessions')
    .select(['devices.name as device_name', 'devices.site_id as site_id']);
}

async function selectOne(db: RecordsConnection, id: string): Promise<ChargingSessionRecord> {
  return toRecord(await select(db).where('charging_sessions.id', '=', id).executeTakeFirstOrThrow());
}

async function insertSession(db: RecordsTransaction, session: ChargingSessionInput): Promise<ChargingSessionRecord> {
  const id = newId();
  await db
    .insertInto('charging_sessions')
    .values({
      id,
      device_id: session.deviceId,
      direction: session.direction,
      start_at: session.startAt,
      energy_kwh: session.energyKwh,
      source: session.source,
      ...present(toColumns(session)),
    })
    .execute();
  return selectOne(db, id);
}

/** Values of an overwritten session that are not kept. */
const NOTHING_KNOWN = {
  end_at: null,
  start_soc_percent: null,
  end_soc_percent: null,
  average_price_per_kwh: null,
  cost: null,
  grid_share: null,
  fallback_share: null,
  note: null,
} as const;

function toColumns(patch: ChargingSessionPatch) {
  return {
    direction: patch.direction,
    start_at: patch.startAt,
    end_at: patch.endAt,
    energy_kwh: patch.energyKwh,
    start_soc_percent: patch.startSocPercent,
    end_soc_percent: patch.endSocPercent,
    average_price_per_kwh: patch.averagePricePerKwh,
    cost: patch.cost,
    grid_share: patch.gridShare,
    fallback_share: patch.fallbackShare,
    note: patch.note,
    source: patch.source,
  };
}

type Row = Selectable<Schema['charging_sessions']> & { device_name: string; site_id: string };

function toRecord(row: Row): ChargingSessionRecord {
  return {
    id: row.id,
    deviceId: row.device_id,
    deviceName: row.device_name,
    siteId: row.site_id,
    direction: row.direction as ChargingSessionRecord['direction'],
    startAt: row.start_at,
    endAt: row.end_at,
    energyKwh: row.energy_kwh,
    startSocPercent: row.start_soc_percent,
    endSocPercent: row.end_soc_percent,
    averagePricePerKwh: row.average_price_per_kwh,
    cost: row.cost,
    gridShare: row.grid_share,
    fallbackShare: row.fallback_share,
    note: row.note,
    source: row.source as ChargingSessionRecord['source'],
  };
}

function checkOrder(startAt: number, endAt: number | null): void {
  if (endAt === null || endAt > startAt) return;
  const detail = `must be later than start_time (${formatInstant(startAt)}); got ${formatInstant(endAt)}`;
  throw new InvalidInput(`end_time ${detail}`, { fields: [{ field: 'end_time', detail }] });
}

function rethrow(deviceId: string) {
  return (error: unknown): never => {
    if (!isTaken(error)) return explainConstraint({ reference: ['device_id', 'device', deviceId] })(error);
    const message = 'the device has a session with the same start: change that one';
    throw new Conflict(message, { cause: error, fields: [{ field: 'start_time', detail: 'is already taken' }] });
  };
}
