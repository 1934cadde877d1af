import type { Selectable } from 'kysely';
import { v7 as newId } from 'uuid';
import { Conflict } from '../../../domain/errors.ts';
import { explainConstraint, present, unknownId } from '../record-errors.ts';
import type { RecordsContext, RecordsDatabase, Schema } from '../schema.ts';

/** Maximum number of custom key figures of an installation: their list is one answer. */
const MAX_CUSTOM_KPIS = 200;

export interface CustomKpiInput {
  readonly name: string;
  readonly description: string;
  readonly expression: string;
  /** Unit of the reported values; null: the unit of the expression. */
  readonly unit: string | null;
  /** null: every site. */
  readonly siteId: string | null;
}

/** A user-defined key figure. Instants are epoch milliseconds. */
export interface CustomKpiRecord extends CustomKpiInput {
  readonly id: string;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export type CustomKpiChange = { readonly [K in keyof CustomKpiInput]?: CustomKpiInput[K] | undefined };

/** User-defined key figures; their names are unique. */
export class CustomKpis {
  readonly #db: RecordsDatabase;
  readonly #now: () => number;

  constructor({ db, now }: RecordsContext) {
    this.#db = db;
    this.#now = now;
  }

  /** By name; at most 200. */
  async list(): Promise<CustomKpiRecord[]> {
    const rows = this.#db.selectFrom('custom_kpis').selectAll().orderBy('name').limit(MAX_CUSTOM_KPIS);
    return (await rows.execute()).map(toRecord);
  }

  /** Throws NotFound. */
  async require(id: string): Promise<CustomKpiRecord> {
    const row = await this.#db.selectFrom('custom_kpis').selectAll().where('id', '=', id).executeTakeFirst();
    if (row === undefined) throw unknownId('custom key figure', id);
    return toRecord(row);
  }

  /** Throws Conflict when the name is taken or there are 200, InvalidInput for an unknown site. */
  async create(input: CustomKpiInput): Promise<CustomKpiRecord> {
    if ((await this.list()).length >= MAX_CUSTOM_KPIS) {
      throw new Conflict(`the maximum of ${MAX_CUSTOM_KPIS} custom key figures is reached: remove some`);
    }
    const now = this.#now();
    const { siteId, ...given } = input;
    const row = { id: newId(), ...given, site_id: siteId, created_at: now, updated_at: now };
    const insert = this.#db.insertInto('custom_kpis').values(row).returningAll();
    return toRecord(await insert.executeTakeFirstOrThrow().catch(rethrow(input)));
  }

  /** Changes the given fields. Throws NotFound, Conflict when the name is taken, InvalidInput for an unknown site. */
  async update(id: string, change: CustomKpiChange): Promise<CustomKpiRecord> {
    const { siteId, ...given } = change;
    const columns = present({ ...given, site_id: siteId, updated_at: this.#now() });
    const update = this.#db.updateTable('custom_kpis').set(columns).where('id', '=', id).returningAll();
    const row = await update.executeTakeFirst().catch(rethrow(change));
    if (row === undefined) throw unknownId('custom key figure', id);
    return toRecord(row);
  }

  /** Throws NotFound. */
  async remove(id: string): Promise<void> {
    const removal = this.#db.deleteFrom('custom_kpis').where('id', '=', id).returning('id');
    if ((await removal.executeTakeFirst()) === undefined) throw unknownId('custom key figure', id);
  }
}

function toRecord(row: Selectable<Schema['custom_kpis']>): CustomKpiRecord {
  const { id, name, description, expression, unit } = row;
  return {
    id,
    name,
    description,
    expression,
    unit,
    siteId: row.site_id,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

function rethrow({ name, siteId }: CustomKpiChange) {
  return explainConstraint({ name: ['custom key figure', name], reference: ['site_id', 'site', siteId] });
}
