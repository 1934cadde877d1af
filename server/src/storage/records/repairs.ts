import type { Selectable } from 'kysely';
import { v7 as newId } from 'uuid';
import { unknownId } from './record-errors.ts';
import type { RecordsContext, RecordsDatabase, Schema } from './schema.ts';

/** State of a repair. `applying` and `undoing` are unfinished: the next start of the service repeats them. */
export type RepairState = 'applying' | 'applied' | 'undoing' | 'undone';

/** A change to the samples of one series. Instants are epoch milliseconds. */
export interface RepairRecord {
  readonly id: string;
  readonly deviceId: string;
  readonly metric: string;
  readonly startAt: number;
  readonly endAt: number;
  /** JSON. */
  readonly operation: unknown;
  readonly reason: string;
  readonly actor: string;
  readonly state: RepairState;
  readonly counts: { readonly changed: number; readonly removed: number; readonly added: number };
  /** The removed samples, as a packed frame, and the samples that replace them. */
  readonly before: Uint8Array;
  readonly after: Uint8Array;
  readonly createdAt: number;
  readonly undoneAt: number | null;
  readonly undoneBy: string | null;
}

export type RepairInput = Omit<RepairRecord, 'id' | 'state' | 'createdAt' | 'undoneAt' | 'undoneBy'>;

/** Repairs, each with the samples before and after it. */
export class Repairs {
  readonly #db: RecordsDatabase;
  readonly #now: () => number;

  constructor({ db, now }: RecordsContext) {
    this.#db = db;
    this.#now = now;
  }

  /** Newest first. */
  async list(limit: number): Promise<RepairRecord[]> {
    const rows = this.#db.selectFrom('repairs').selectAll().orderBy('created_at', 'desc').orderBy('id', 'desc');
    return (await rows.limit(limit).execute()).map(toRecord);
  }

  /** Throws NotFound. */
  async require(id: string): Promise<RepairRecord> {
    const row = await this.#db.selectFrom('repairs').selectAll().where('id', '=', id).executeTakeFirst();
    if (row === undefined) throw unknownId('repair', id);
    return toRecord(row);
  }

  /** Unfinished repairs. */
  async unfinished(): Promise<RepairRecord[]> {
    const rows = this.#db.selectFrom('repairs').selectAll().where('state', 'in', ['applying', 'undoing']);
    return (await rows.orderBy('created_at').execute()).map(toRecord);
  }

  /** Records a repair as `applying`. */
  async add(input: RepairInput): Promise<RepairRecord> {
    const row = await this.#db
      .insertInto('repairs')
      .values({
        id: newId(),
        device_id: input.deviceId,
        metric: input.metric,
        start_at: input.startAt,
        end_at: input.endAt,
        operation: JSON.stringify(input.operation),
        reason: input.reason,
        actor: input.actor,
        state: 'applying',
        counts: JSON.stringify(input.counts),
        before: Buffer.from(input.before).toString('base64'),
        after: Buffer.from(input.after).toString('base64'),
        created_at: this.#now(),
        undone_at: null,
        undone_by: null,
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    return toRecord(row);
  }

  /** Applied repairs of a series that overlap a window and were made after a given repair. */
  async laterOf(
    { id, deviceId, metric, createdAt }: RepairRecord,
    { start, end }: { readonly start: number; readonly end: number },
  ): Promise<RepairRecord[]> {
    const rows = this.#db.selectFrom('repairs').selectAll();
    const ofSeries = rows.where('device_id', '=', deviceId).where('metric', '=', metric).where('id', '!=', id);
    const later = ofSeries.where('created_at', '>=', createdAt).where('state', '!=', 'undone');
    return (await later.where('start_at', '<', end).where('end_at', '>', start).execute()).map(toRecord);
  }

  /** @param by the user who undoes it */
  async setState(id: string, state: RepairState, by?: string): Promise<RepairRecord> {
    const update = this.#db.updateTable('repairs').where('id', '=', id);
    const row = await update
      .set({ state, ...(by !== undefined && { undone_at: this.#now(), undone_by: by }) })
      .returningAll()
      .executeTakeFirst();
    if (row === undefined) throw unknownId('repair', id);
    return toRecord(row);
  }
}

function toRecord(row: Selectable<Schema['repairs']>): RepairRecord {
  return {
    id: row.id,
    deviceId: row.device_id,
    metric: row.metric,
    startAt: row.start_at,
    endAt: row.end_at,
    operation: JSON.parse(row.operation),
    reason: row.reason,
    actor: row.actor,
    state: row.state as RepairState,
    counts: JSON.parse(row.counts) as RepairRecord['counts'],
    before: Buffer.from(row.before, 'base64'),
    after: Buffer.from(row.after, 'base64'),
    createdAt: row.created_at,
    undoneAt: row.undone_at,
    undoneBy: row.undone_by,
  };
}
