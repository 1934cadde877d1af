import { DEFAULT_EMISSION_FACTOR_KG_PER_KWH } from '@wattkeeper/contract/site.ts';
import type { Selectable } from 'kysely';
import { v7 as newId } from 'uuid';
import { Conflict } from '../../../domain/errors.ts';
import { explainConstraint, present, unknownId, unknownNamed } from '../record-errors.ts';
import type { RecordsConnection, RecordsContext, RecordsDatabase, RecordsTransaction, Schema } from '../schema.ts';

/** A place with a time zone, a currency, a location and a tariff. Instants are epoch milliseconds. */
export interface SiteRecord {
  readonly id: string;
  readonly name: string;
  /** IANA time zone. */
  readonly timezone: string;
  /** ISO 4217 code. */
  readonly currency: string;
  readonly latitude: number | null;
  readonly longitude: number | null;
  /** ISO 3166 code. */
  readonly country: string | null;
  readonly emissionFactorKgPerKwh: number;
  /** Devices that register automatically join this site; at most one site is the default. */
  readonly isDefault: boolean;
  readonly isDemo: boolean;
  readonly tariffId: string | null;
  readonly createdAt: number;
}

/** All fields but the name are optional: UTC, EUR, no location, no tariff. */
export type SiteInput = Pick<SiteRecord, 'name'> & SitePatch & { readonly isDemo?: boolean | undefined };

export type SitePatch = {
  readonly [K in keyof Omit<SiteRecord, 'id' | 'createdAt' | 'isDemo' | 'isDefault'>]?: SiteRecord[K] | undefined;
} & {
  /** Makes this the default site in place of the previous one. */
  readonly isDefault?: true | undefined;
};

/** Sites; their names are unique, and at most one is the default. */
export class Sites {
  readonly #db: RecordsDatabase;
  readonly #now: () => number;
  readonly #zones = new Map<string, string>();
  readonly #listeners = new Set<() => void>();

  constructor({ db, now }: RecordsContext) {
    this.#db = db;
    this.#now = now;
  }

  /** All sites by name. */
  async list(): Promise<SiteRecord[]> {
    const rows = await this.#db.selectFrom('sites').selectAll().orderBy('name').execute();
    return rows.map((row) => this.#remember(toRecord(row)));
  }

  /** Time zone of a site as last read or written; UTC for an unknown site. */
  zoneOf(id: string): string {
    return this.#zones.get(id) ?? 'UTC';
  }

  /** By id, or by its unique name. */
  async find(idOrName: string): Promise<SiteRecord | undefined> {
    const row = await this.#db
      .selectFrom('sites')
      .selectAll()
      .where((where) => where.or([where('id', '=', idOrName), where('name', '=', idOrName)]))
      .orderBy((order) => order('id', '=', idOrName), 'desc')
      .executeTakeFirst();
    return row && this.#remember(toRecord(row));
  }

  /** As `find`; throws NotFound with the known names. */
  async require(idOrName: string): Promise<SiteRecord> {
    const site = await this.find(idOrName);
    if (site === undefined)
      throw unknownNamed(
        'site',
        idOrName,
        (await this.list()).map((known) => known.name),
      );
    return site;
  }

  /** The site that automatically registered devices join. */
  async default(): Promise<SiteRecord | undefined> {
    return defaultSite(this.#db);
  }

  /**
   * Returns the default site. Creates 'Home' when there is only the demo or no site; makes the oldest other site the default when none is.
   */
  async ensureDefault(): Promise<SiteRecord> {
    const site = await this.#db.transaction().execute((transaction) => ensureDefaultSite(transaction, this.#now()));
    return this.#changed(site);
  }

  /** The site of requests that name none: the default site, else the demo; creates 'Home' when there is no site. */
  async preferred(): Promise<SiteRecord> {
    return (await this.default()) ?? (await this.list())[0] ?? this.ensureDefault();
  }

  /** The first site that is not a demo becomes the default. Throws Conflict when the name is taken, InvalidInput for an unknown tariff. */
  async create(site: SiteInput): Promise<SiteRecord> {
    const created = await this.#db
      .transaction()
      .execute((transaction) => insertSite(transaction, site, this.#now()))
      .catch(rethrow(site));
    return this.#changed(created);
  }

  /** Changes the given fields. Throws NotFound, Conflict when the name is taken, InvalidInput for an unknown tariff. */
  async update(id: string, patch: SitePatch): Promise<SiteRecord> {
    const updated = await this.#db
      .transaction()
      .execute(async (transaction) => {
        if (patch.isDefault) await clearDefault(transaction);
        const row = await transaction
          .updateTable('sites')
          .set({ id, ...toColumns(patch) })
          .where('id', '=', id)
          .returningAll()
          .executeTakeFirst();
        if (row === undefined) throw unknownId('site', id);
        return toRecord(row);
      })
      .catch(rethrow(patch));
    return this.#changed(updated);
  }

  /** Calls the listener after each change made through this store; returns a function that stops it. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #changed(site: SiteRecord): SiteRecord {
    this.#remember(site);
    this.#tell();
    return site;
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }

  #remember(site: SiteRecord): SiteRecord {
    this.#zones.set(site.id, site.timezone);
    return site;
  }

  /** Deletes a site with its reports. Throws NotFound, or Conflict while devices belong to the site. */
  async remove(id: string): Promise<void> {
    await this.#db.transaction().execute(async (transaction) => {
      const { devices } = await transaction
        .selectFrom('devices')
        .select((select) => select.fn.countAll<number>().as('devices'))
        .where('site_id', '=', id)
        .executeTakeFirstOrThrow();
      if (Number(devices) > 0) {
        throw new Conflict(`the site has ${devices} device(s): move them to another site or delete them first`);
      }
      const removed = await transaction.deleteFrom('sites').where('id', '=', id).returning('id').executeTakeFirst();
      if (removed === undefined) throw unknownId('site', id);
    });
    this.#tell();
  }
}

/** `Sites.ensureDefault` inside the caller's transaction. */
export async function ensureDefaultSite(transaction: RecordsTransaction, now: number): Promise<SiteRecord> {
  const known = await defaultSite(transaction);
  if (known !== undefined) return known;
  const oldest = await transaction
    .selectFrom('sites')
    .select('id')
    .where('is_demo', '=', 0)
    .orderBy('created_at')
    .limit(1)
    .executeTakeFirst();
  if (oldest === undefined) return insertSite(transaction, { name: 'Home', isDefault: true }, now);
  return toRecord(
    await transaction
      .updateTable('sites')
      .set({ is_default: 1 })
      .where('id', '=', oldest.id)
      .returningAll()
      .executeTakeFirstOrThrow(),
  );
}

async function defaultSite(db: RecordsConnection): Promise<SiteRecord | undefined> {
  const row = await db.selectFrom('sites').selectAll().where('is_default', '=', 1).executeTakeFirst();
  return row && toRecord(row);
}

async function insertSite(transaction: RecordsTransaction, site: SiteInput, now: number): Promise<SiteRecord> {
  const isFirst = !site.isDemo && (await defaultSite(transaction)) === undefined;
  if (site.isDefault && !isFirst) await clearDefault(transaction);
  const row = await transaction
    .insertInto('sites')
    .values({
      id: newId(),
      timezone: 'UTC',
      currency: 'EUR',
      emission_factor_kg_per_kwh: DEFAULT_EMISSION_FACTOR_KG_PER_KWH,
      is_demo: site.isDemo ? 1 : 0,
      created_at: now,
      ...present(toColumns(site)),
      name: site.name,
      is_default: site.isDefault || isFirst ? 1 : 0,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return toRecord(row);
}

async function clearDefault(transaction: RecordsTransaction): Promise<void> {
  await transaction.updateTable('sites').set({ is_default: 0 }).where('is_default', '=', 1).execute();
}

function toColumns(patch: SitePatch) {
  return {
    name: patch.name,
    timezone: patch.timezone,
    currency: patch.currency,
    latitude: patch.latitude,
    longitude: patch.longitude,
    country: patch.country,
    emission_factor_kg_per_kwh: patch.emissionFactorKgPerKwh,
    tariff_id: patch.tariffId,
    is_default: patch.isDefault ? 1 : undefined,
  };
}

function toRecord(row: Selectable<Schema['sites']>): SiteRecord {
  return {
    id: row.id,
    name: row.name,
    timezone: row.timezone,
    currency: row.currency,
    latitude: row.latitude,
    longitude: row.longitude,
    country: row.country,
    emissionFactorKgPerKwh: row.emission_factor_kg_per_kwh,
    isDefault: row.is_default === 1,
    isDemo: row.is_demo === 1,
    tariffId: row.tariff_id,
    createdAt: row.created_at,
  };
}

function rethrow({ name, tariffId }: SitePatch) {
  return explainConstraint({ name: ['site', name], reference: ['tariff_id', 'tariff', tariffId] });
}
