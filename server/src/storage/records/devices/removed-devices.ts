import type { RecordsContext, RecordsDatabase } from '../schema.ts';

/** A device that was removed with its readings. Kept for ever, so that no copy of the readings brings it back. */
export interface RemovedDevice {
  readonly deviceId: string;
  /** That it had. */
  readonly name: string;
  /** Epoch milliseconds. */
  readonly removedAt: number;
}

/** Where a store's readings are on record as deleted. */
export function placeOfStore(name: string): string {
  return `store ${name}`;
}

/** Devices that were removed with their readings, and where the readings are deleted; `Devices.remove` adds to them. */
export class RemovedDevices {
  readonly #db: RecordsDatabase;
  readonly #now: () => number;

  constructor({ db, now }: RecordsContext) {
    this.#db = db;
    this.#now = now;
  }

  /** Oldest first. */
  async list(): Promise<RemovedDevice[]> {
    const rows = await this.#db
      .selectFrom('device_removals')
      .selectAll()
      .orderBy('removed_at')
      .orderBy('device_id')
      .execute();
    return rows.map((row) => ({ deviceId: row.device_id, name: row.name, removedAt: row.removed_at }));
  }

  /** Puts removals on record that are known from elsewhere; those that are there stay. */
  async note(removals: readonly RemovedDevice[]): Promise<void> {
    await this.#db.transaction().execute(async (transaction) => {
      for (const { deviceId, name, removedAt } of removals) {
        await transaction
          .insertInto('device_removals')
          .values({ device_id: deviceId, name, removed_at: removedAt })
          .onConflict((conflict) => conflict.doNothing())
          .execute();
      }
    });
  }

  /** Where the readings are deleted, by place, as far as this journal's service has done it: device ids. */
  async done(journal: number): Promise<Map<string, Set<string>>> {
    const rows = await this.#db
      .selectFrom('device_removal_places')
      .select(['device_id', 'place'])
      .where('journal', '=', journal)
      .execute();
    const places = new Map<string, Set<string>>();
    for (const { device_id: id, place } of rows) places.set(place, (places.get(place) ?? new Set<string>()).add(id));
    return places;
  }

  /** The readings of the devices are deleted from a place. */
  async noteDone(deviceIds: readonly string[], journal: number, place: string): Promise<void> {
    const at = this.#now();
    await this.#db.transaction().execute(async (transaction) => {
      for (const id of deviceIds) {
        await transaction
          .insertInto('device_removal_places')
          .values({ device_id: id, journal, place, done_at: at })
          .onConflict((conflict) => conflict.doNothing())
          .execute();
      }
    });
  }

  /** A place may have readings of every removed device again. */
  async reopen(journal: number, place: string): Promise<void> {
    await this.#db
      .deleteFrom('device_removal_places')
      .where('journal', '=', journal)
      .where('place', '=', place)
      .execute();
  }
}
