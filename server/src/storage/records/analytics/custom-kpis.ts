import type { Selectable } from 'kysely';
import { v7 as newId } from 'uuid';
import { Conflict } from '../../../domain/errors.ts';
import { explainConstraint, present, unknownId } from '../record-errors.ts';
import type { RecordsContext, RecordsDatabase, Schema } from '../schema.ts';

/** Most custom key figures of an installation: their list is one answer. */
const MAX_CUSTOM_KPIS = 200;

export interface CustomKpiInput {
  readonly name: string;
  readonly description: string;
  readonly expression: string;
  /** In which values are told; null: in what the expression gives. */
  readonly unit: string | null;
  /** Null: for every site. */
  readonly siteId: string | null;
}

/** A key figure that people defined. Instants are epoch milliseconds. */
export interface CustomKpiRecord extends CustomKpiInput {
  readonly id: string;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export type CustomKpiChange = { readonly [K in keyof CustomKpiInput]?: CustomKpiInput[K] | undefined };

/** Key figures that users defined; their names are unique. */
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

  /** Throws Conflict when the name is taken or there are 200, InvalidInput when the site is unknown. */
  async create(input: CustomKpiInput): Promise<CustomKpiRecord> {
    if ((await this.list()).length >= MAX_CUSTOM_KPIS) {
      throw new Conflict(`there are ${MAX_CUSTOM_KPIS} custom key figures already: remove some`);
    }
    const now = this.#now();
    const { siteId, ...given } = input;
    const row = { id: newId(), ...given, site_id: siteId, created_at: now, updated_at: now };
    const insert = this.#db.insertInto('custom_kpis').values(row).returningAll();
    return toRecord(await insert.executeTakeFirstOrThrow().catch(rethrow(input)));
  }

  /** Changes the given fields. Throws NotFound, Conflict when the name is taken, InvalidInput when the site is unknown. */
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
