import type { RecordsContext, RecordsDatabase, RecordsTransaction } from '../schema.ts';

/** A metric that a device has reported. */
export interface SeriesRecord {
  readonly deviceId: string;
  /** Full metric name: `battery.soc_percent`. */
  readonly metric: string;
  /** Instant of the earliest registered reading, epoch milliseconds. */
  readonly firstSeenAt: number;
}

/** The metrics that each device has reported, with their first instants. */
export class SeriesRegistry {
  readonly #db: RecordsDatabase;

  constructor({ db }: RecordsContext) {
    this.#db = db;
  }

  /** By device and metric. */
  async list(deviceId?: string): Promise<SeriesRecord[]> {
    let query = this.#db.selectFrom('series').selectAll().orderBy('device_id').orderBy('metric');
    if (deviceId !== undefined) query = query.where('device_id', '=', deviceId);
    const rows = await query.execute();
    return rows.map((row) => ({ deviceId: row.device_id, metric: row.metric, firstSeenAt: row.first_seen_at }));
  }

  /**
   * Registers series in one transaction; a known series keeps the earlier instant. Returns the number of new series. Series of unknown
   * devices are skipped: a device may be deleted while its last readings are being processed.
   */
  async ensure(series: readonly SeriesRecord[]): Promise<number> {
    if (series.length === 0) return 0;
    return this.#db.transaction().execute(async (transaction) => {
      let added = 0;
      for (const entry of series) added += await ensureOne(transaction, entry);
      return added;
    });
  }
}

/** Returns 1 for a new series, 0 otherwise. */
async function ensureOne(transaction: RecordsTransaction, { deviceId, metric, firstSeenAt }: SeriesRecord) {
  const known = await transaction
    .selectFrom('series')
    .select('first_seen_at')
    .where('device_id', '=', deviceId)
    .where('metric', '=', metric)
    .executeTakeFirst();
  if (known === undefined) {
    const inserted = await transaction
      .insertInto('series')
      .columns(['device_id', 'metric', 'first_seen_at'])
      .expression((db) =>
        db
          .selectFrom('devices')
          .select((select) => [
            'id',
            select.val(metric).as('metric'),
            select.cast<number>(select.val(firstSeenAt), 'bigint').as('first_seen_at'),
          ])
          .where('id', '=', deviceId),
      )
      .executeTakeFirst();
    return Number(inserted.numInsertedOrUpdatedRows ?? 0);
  }
  if (firstSeenAt >= known.first_seen_at) return 0;
  const update = transaction.updateTable('series').set({ first_seen_at: firstSeenAt });
  await update.where('device_id', '=', deviceId).where('metric', '=', metric).execute();
  return 0;
}
