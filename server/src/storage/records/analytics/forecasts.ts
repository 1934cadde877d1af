import type { Selectable } from 'kysely';
import { explainConstraint } from '../record-errors.ts';
import type { RecordsContext, RecordsDatabase, Schema } from '../schema.ts';

/** The subject of a forecast: the load of a device or of a whole site. */
export interface ForecastSubject {
  readonly siteId: string;
  readonly deviceId: string | null;
}

/** The newest forecast or back-test of a kind for a subject. */
export interface ForecastRecord extends ForecastSubject {
  /** Such as `demand 24h`. */
  readonly kind: string;
  /** JSON. */
  readonly content: unknown;
  readonly madeAt: number;
}

/** Forecasts and back-tests; a new one replaces the previous one. */
export class Forecasts {
  readonly #db: RecordsDatabase;
  readonly #now: () => number;

  constructor({ db, now }: RecordsContext) {
    this.#db = db;
    this.#now = now;
  }

  async get(subject: ForecastSubject, kind: string): Promise<ForecastRecord | undefined> {
    const rows = this.#db.selectFrom('forecasts').selectAll().where('subject', '=', keyOf(subject));
    const row = await rows.where('kind', '=', kind).executeTakeFirst();
    return row && toRecord(row);
  }

  /** Number of forecasts of these kinds. */
  async count(kinds: readonly string[]): Promise<number> {
    const row = await this.#db
      .selectFrom('forecasts')
      .select(({ fn }) => fn.countAll().as('count'))
      .where('kind', 'in', [...kinds])
      .executeTakeFirstOrThrow();
    return Number(row.count);
  }

  /** Throws InvalidInput for an unknown site or device. */
  async put(subject: ForecastSubject, kind: string, content: unknown): Promise<ForecastRecord> {
    const columns = { content: JSON.stringify(content), made_at: this.#now() };
    const { siteId: site_id, deviceId: device_id } = subject;
    const row = await this.#db
      .insertInto('forecasts')
      .values({ subject: keyOf(subject), kind, site_id, device_id, ...columns })
      .onConflict((conflict) => conflict.columns(['subject', 'kind']).doUpdateSet(columns))
      .returningAll()
      .executeTakeFirstOrThrow()
      .catch(
        explainConstraint({
          reference: device_id === null ? ['site_id', 'site', site_id] : ['device_id', 'device', device_id],
        }),
      );
    return toRecord(row);
  }
}

function keyOf({ siteId, deviceId }: ForecastSubject): string {
  return deviceId === null ? `site ${siteId}` : `device ${deviceId}`;
}

function toRecord(row: Selectable<Schema['forecasts']>): ForecastRecord {
  return {
    siteId: row.site_id,
    deviceId: row.device_id,
    kind: row.kind,
    content: JSON.parse(row.content),
    madeAt: row.made_at,
  };
}
