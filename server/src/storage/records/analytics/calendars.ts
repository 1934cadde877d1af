import type { CalendarPeriod } from '@wattkeeper/contract/analytics/calendar.ts';
import type { Selectable } from 'kysely';
import { v7 as newId } from 'uuid';
import { Conflict } from '../../../domain/errors.ts';
import type { Categories } from '../../../domain/time/calendar.ts';
import { explainConstraint, present, unknownId } from '../record-errors.ts';
import type { RecordsContext, RecordsDatabase, Schema } from '../schema.ts';

/** Maximum number of calendars of an installation: their list is one answer. */
export const MAX_CALENDARS = 200;

export interface CalendarInput extends Categories {
  readonly siteId: string;
  /** Unique at its site. */
  readonly name: string;
}

/** A calendar of operating modes or shifts. Instants are epoch milliseconds. */
export interface CalendarRecord extends CalendarInput {
  readonly id: string;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export type CalendarChange = { readonly [K in Exclude<keyof CalendarInput, 'siteId'>]?: CalendarInput[K] | undefined };

/** Calendars of operating modes and shifts; their names are unique at a site. */
export class Calendars {
  readonly #db: RecordsDatabase;
  readonly #now: () => number;

  constructor({ db, now }: RecordsContext) {
    this.#db = db;
    this.#now = now;
  }

  /** By name; at most 200. @param siteId default: of all sites */
  async list(siteId?: string): Promise<CalendarRecord[]> {
    let rows = this.#db.selectFrom('calendars').selectAll().orderBy('name').orderBy('id').limit(MAX_CALENDARS);
    if (siteId !== undefined) rows = rows.where('site_id', '=', siteId);
    return (await rows.execute()).map(toRecord);
  }

  /** Throws Conflict when the name is taken or there are 200, InvalidInput for an unknown site. */
  async create({ siteId, name, defaultCategory, periods }: CalendarInput): Promise<CalendarRecord> {
    if ((await this.list()).length >= MAX_CALENDARS)
      throw new Conflict(`the maximum of ${MAX_CALENDARS} calendars is reached: remove some`);
    const now = this.#now();
    const columns = { default_category: defaultCategory, periods: JSON.stringify(periods) };
    const row = { id: newId(), site_id: siteId, name, ...columns, created_at: now, updated_at: now };
    const insert = this.#db.insertInto('calendars').values(row).returningAll();
    return toRecord(
      await insert
        .executeTakeFirstOrThrow()
        .catch(explainConstraint({ name: ['calendar of this site', name], reference: ['site_id', 'site', siteId] })),
    );
  }

  /** Changes the given fields. Throws NotFound, or Conflict when the name is taken. */
  async update(id: string, { name, defaultCategory, periods }: CalendarChange): Promise<CalendarRecord> {
    const columns = present({
      name,
      default_category: defaultCategory,
      periods: periods && JSON.stringify(periods),
      updated_at: this.#now(),
    });
    const update = this.#db.updateTable('calendars').set(columns).where('id', '=', id).returningAll();
    const row = await update.executeTakeFirst().catch(explainConstraint({ name: ['calendar of this site', name] }));
    if (row === undefined) throw unknownId('calendar', id);
    return toRecord(row);
  }

  /** Throws NotFound. */
  async remove(id: string): Promise<void> {
    const removal = this.#db.deleteFrom('calendars').where('id', '=', id).returning('id');
    if ((await removal.executeTakeFirst()) === undefined) throw unknownId('calendar', id);
  }
}

function toRecord(row: Selectable<Schema['calendars']>): CalendarRecord {
  return {
    id: row.id,
    siteId: row.site_id,
    name: row.name,
    defaultCategory: row.default_category,
    periods: JSON.parse(row.periods) as CalendarPeriod[],
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
