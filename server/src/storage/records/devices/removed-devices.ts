import type { RecordsContext, RecordsDatabase } from '../schema.ts';

/** A device that was removed with its readings. Kept for ever, so that no copy of the readings restores it. */
export interface RemovedDevice {
  readonly deviceId: string;
  /** Its former name. */
  readonly name: string;
  /** Epoch milliseconds. */
  readonly removedAt: number;
}

/** The place under which the deletions of a store are recorded. */
export function placeOfStore(name: string): string {
  return `store ${name}`;
}

/** Devices that were removed with their readings, and the places where the readings are deleted; `Devices.remove` adds to them. */
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

  /** Records removals that are known from elsewhere; existing entries are not changed. */
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

  /** Device ids whose readings are deleted, by place, as far as the service of this journal has done it. */
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

  /** Records that the readings of the devices are deleted from a place. */
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

  /** Records that a place may contain readings of every removed device again. */
  async reopen(journal: number, place: string): Promise<void> {
    await this.#db
      .deleteFrom('device_removal_places')
      .where('journal', '=', journal)
      .where('place', '=', place)
      .execute();
  }
}
