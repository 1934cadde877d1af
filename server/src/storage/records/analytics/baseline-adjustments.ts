import type { Selectable } from 'kysely';
import { v7 as newId } from 'uuid';
import { Conflict } from '../../../domain/errors.ts';
import type { Window } from '../../../domain/time/window.ts';
import { explainConstraint, unknownId } from '../record-errors.ts';
import type { RecordsContext, RecordsDatabase, Schema } from '../schema.ts';

/** Maximum number of adjustments of a machine. */
const MAX_ADJUSTMENTS = 1000;

/** A non-routine event that a baseline must not learn as routine operation. Instants are epoch milliseconds. */
export interface AdjustmentInput extends Window {
  /** The machine. */
  readonly deviceId: string;
  /** Its total energy; negative for energy saved; null for an unknown amount: the window is excluded. */
  readonly kwh: number | null;
  readonly reason: string;
  readonly createdBy: string;
}

export interface AdjustmentRecord extends AdjustmentInput {
  readonly id: string;
  readonly createdAt: number;
}

/** Non-routine adjustments of baselines (IPMVP). */
export class BaselineAdjustments {
  readonly #db: RecordsDatabase;
  readonly #now: () => number;

  constructor({ db, now }: RecordsContext) {
    this.#db = db;
    this.#now = now;
  }

  /** Adjustments of a machine that overlap a window (default: all), by start; at most 1,000. */
  async list(deviceId: string, window?: Window): Promise<AdjustmentRecord[]> {
    let rows = this.#db.selectFrom('baseline_adjustments').selectAll().where('device_id', '=', deviceId);
    if (window) rows = rows.where('start_at', '<', window.end).where('end_at', '>', window.start);
    return (await rows.orderBy('start_at').orderBy('id').limit(MAX_ADJUSTMENTS).execute()).map(toRecord);
  }

  /** Throws InvalidInput for an unknown device, Conflict when the device has 1,000 adjustments. */
  async add({ deviceId, start, end, kwh, reason, createdBy }: AdjustmentInput): Promise<AdjustmentRecord> {
    if ((await this.list(deviceId)).length >= MAX_ADJUSTMENTS) {
      throw new Conflict(`this machine has the maximum of ${MAX_ADJUSTMENTS} adjustments: remove some`);
    }
    const row = {
      id: newId(),
      device_id: deviceId,
      start_at: start,
      end_at: end,
      kwh,
      reason,
      created_by: createdBy,
      created_at: this.#now(),
    };
    const insert = this.#db.insertInto('baseline_adjustments').values(row).returningAll();
    return toRecord(
      await insert.executeTakeFirstOrThrow().catch(explainConstraint({ reference: ['device_id', 'device', deviceId] })),
    );
  }

  /** Returns the removed adjustment. Throws NotFound. */
  async remove(id: string): Promise<AdjustmentRecord> {
    const removal = this.#db.deleteFrom('baseline_adjustments').where('id', '=', id).returningAll();
    const row = await removal.executeTakeFirst();
    if (row === undefined) throw unknownId('adjustment', id);
    return toRecord(row);
  }
}

function toRecord(row: Selectable<Schema['baseline_adjustments']>): AdjustmentRecord {
  return {
    id: row.id,
    deviceId: row.device_id,
    start: row.start_at,
    end: row.end_at,
    kwh: row.kwh,
    reason: row.reason,
    createdBy: row.created_by,
    createdAt: row.created_at,
  };
}
