import type { Selectable } from 'kysely';
import { v7 as newId } from 'uuid';
import { explainConstraint, unknownId } from '../record-errors.ts';
import type { RecordsContext, RecordsDatabase, RecordsTransaction, Schema } from '../schema.ts';

/** Maximum number of versions in one answer: weekly trainings for 19 years. */
const MAX_VERSIONS = 1000;

/** A trained model of a machine's energy consumption. Instants are epoch milliseconds. */
export interface BaselineRecord {
  readonly id: string;
  /** The machine. */
  readonly deviceId: string;
  /** From 1, per machine. */
  readonly version: number;
  /** Whether deviations are computed against this version. */
  readonly isActive: boolean;
  /** JSON: the fitted model with its inputs and diagnostics. */
  readonly model: unknown;
  readonly trainedAt: number;
}

/** Versions of each machine's baseline; at most one is active. */
export class Baselines {
  readonly #db: RecordsDatabase;
  readonly #now: () => number;

  constructor({ db, now }: RecordsContext) {
    this.#db = db;
    this.#now = now;
  }

  /** Newest version first: at most 1,000, plus the active one if it is older. */
  async list(deviceId: string): Promise<BaselineRecord[]> {
    const versions = this.#db.selectFrom('baselines').selectAll().where('device_id', '=', deviceId);
    const rows = await versions.orderBy('version', 'desc').limit(MAX_VERSIONS).execute();
    const listed = rows.map(toRecord);
    const active = listed.some(({ isActive }) => isActive) ? undefined : await this.active(deviceId);
    return active ? [...listed, active] : listed;
  }

  async active(deviceId: string): Promise<BaselineRecord | undefined> {
    const versions = this.#db.selectFrom('baselines').selectAll().where('device_id', '=', deviceId);
    const row = await versions.where('is_active', '=', 1).executeTakeFirst();
    return row && toRecord(row);
  }

  /** Number of machines with an active baseline. */
  async countActive(): Promise<number> {
    const row = await this.#db
      .selectFrom('baselines')
      .select(({ fn }) => fn.countAll().as('count'))
      .where('is_active', '=', 1)
      .executeTakeFirstOrThrow();
    return Number(row.count);
  }

  /** Throws NotFound. */
  async require(id: string): Promise<BaselineRecord> {
    const row = await this.#db.selectFrom('baselines').selectAll().where('id', '=', id).executeTakeFirst();
    if (row === undefined) throw unknownId('baseline', id);
    return toRecord(row);
  }

  /** Adds the next version; an active one replaces the active version. Throws InvalidInput for an unknown device. */
  async add(deviceId: string, model: unknown, isActive: boolean): Promise<BaselineRecord> {
    return this.#db
      .transaction()
      .execute(async (transaction) => {
        if (isActive) await deactivate(transaction, deviceId);
        const { newest } = await transaction
          .selectFrom('baselines')
          .select((select) => select.fn.max('version').as('newest'))
          .where('device_id', '=', deviceId)
          .executeTakeFirstOrThrow();
        const row = await transaction
          .insertInto('baselines')
          .values({
            id: newId(),
            device_id: deviceId,
            version: (newest ?? 0) + 1,
            is_active: isActive ? 1 : 0,
            model: JSON.stringify(model),
            trained_at: this.#now(),
          })
          .returningAll()
          .executeTakeFirstOrThrow();
        return toRecord(row);
      })
      .catch(explainConstraint({ reference: ['device_id', 'device', deviceId] }));
  }

  /** Makes this the active version of its machine. Throws NotFound. */
  async activate(id: string): Promise<BaselineRecord> {
    return this.#db.transaction().execute(async (transaction) => {
      const known = await transaction
        .selectFrom('baselines')
        .select('device_id')
        .where('id', '=', id)
        .executeTakeFirst();
      if (known === undefined) throw unknownId('baseline', id);
      await deactivate(transaction, known.device_id);
      const update = transaction.updateTable('baselines').set({ is_active: 1 }).where('id', '=', id);
      return toRecord(await update.returningAll().executeTakeFirstOrThrow());
    });
  }
}

async function deactivate(transaction: RecordsTransaction, deviceId: string): Promise<void> {
  const update = transaction.updateTable('baselines').set({ is_active: 0 });
  await update.where('device_id', '=', deviceId).where('is_active', '=', 1).execute();
}

function toRecord(row: Selectable<Schema['baselines']>): BaselineRecord {
  return {
    id: row.id,
    deviceId: row.device_id,
    version: row.version,
    isActive: row.is_active === 1,
    model: JSON.parse(row.model),
    trainedAt: row.trained_at,
  };
}
