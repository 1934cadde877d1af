import type { TariffTerms } from '@wattkeeper/contract/tariff.ts';
import type { Selectable } from 'kysely';
import { v7 as newId } from 'uuid';
import { Conflict } from '../../../domain/errors.ts';
import { explainConstraint, present, unknownId, unknownNamed } from '../record-errors.ts';
import type { RecordsContext, RecordsDatabase, Schema } from '../schema.ts';

/** Terms to replace. */
export type TariffPatch = { readonly [K in keyof TariffTerms]?: TariffTerms[K] | undefined };

/** How a kWh is priced. Instants are epoch milliseconds. */
export interface TariffRecord {
  readonly id: string;
  readonly terms: TariffTerms;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** Tariffs of the installation; their names are unique. */
export class Tariffs {
  readonly #db: RecordsDatabase;
  readonly #now: () => number;

  constructor({ db, now }: RecordsContext) {
    this.#db = db;
    this.#now = now;
  }

  /** By name. */
  async list(): Promise<TariffRecord[]> {
    const rows = await this.#db.selectFrom('tariffs').selectAll().orderBy('name').execute();
    return rows.map(toRecord);
  }

  /** By id, or by its unique name. */
  async find(idOrName: string): Promise<TariffRecord | undefined> {
    const row = await this.#db
      .selectFrom('tariffs')
      .selectAll()
      .where((where) => where.or([where('id', '=', idOrName), where('name', '=', idOrName)]))
      .orderBy((order) => order('id', '=', idOrName), 'desc')
      .executeTakeFirst();
    return row && toRecord(row);
  }

  /** As `find`; throws NotFound with the known names. */
  async require(idOrName: string): Promise<TariffRecord> {
    const tariff = await this.find(idOrName);
    if (tariff !== undefined) return tariff;
    const known = await this.list();
    throw unknownNamed(
      'tariff',
      idOrName,
      known.map(({ terms }) => terms.name),
    );
  }

  /** Throws Conflict when the name is taken. */
  async create(terms: TariffTerms): Promise<TariffRecord> {
    const now = this.#now();
    const row = await this.#db
      .insertInto('tariffs')
      .values({ id: newId(), name: terms.name, terms: JSON.stringify(terms), created_at: now, updated_at: now })
      .returningAll()
      .executeTakeFirstOrThrow()
      .catch(explainConstraint({ name: ['tariff', terms.name] }));
    return toRecord(row);
  }

  /** Replaces the given terms. Throws NotFound, or Conflict when the name is taken. */
  async update(id: string, patch: TariffPatch): Promise<TariffRecord> {
    return this.#db
      .transaction()
      .execute(async (transaction) => {
        const known = await transaction.selectFrom('tariffs').select('terms').where('id', '=', id).executeTakeFirst();
        if (known === undefined) throw unknownId('tariff', id);
        const terms = { ...(JSON.parse(known.terms) as TariffTerms), ...present(patch) };
        const row = await transaction
          .updateTable('tariffs')
          .set({ name: terms.name, terms: JSON.stringify(terms), updated_at: this.#now() })
          .where('id', '=', id)
          .returningAll()
          .executeTakeFirstOrThrow();
        return toRecord(row);
      })
      .catch(explainConstraint({ name: ['tariff', patch.name] }));
  }

  /** Throws NotFound, or Conflict while a site uses it. */
  async remove(id: string): Promise<void> {
    await this.#db.transaction().execute(async (transaction) => {
      const users = await transaction.selectFrom('sites').select('name').where('tariff_id', '=', id).execute();
      if (users.length > 0) {
        const names = users.map((site) => `"${site.name}"`).join(', ');
        throw new Conflict(`the tariff prices the energy of ${names}: give these sites another tariff first`);
      }
      const removed = await transaction.deleteFrom('tariffs').where('id', '=', id).returning('id').executeTakeFirst();
      if (removed === undefined) throw unknownId('tariff', id);
    });
  }
}

function toRecord(row: Selectable<Schema['tariffs']>): TariffRecord {
  return { id: row.id, terms: JSON.parse(row.terms), createdAt: row.created_at, updatedAt: row.updated_at };
}
