import type { Logger } from 'pino';
import { messageOf, Unavailable } from '../../domain/errors.ts';
import type { Journal } from '../../ingest/journal.ts';
import type { JobContext } from '../../jobs/job.ts';
import { isPermanent, isTemporary } from '../../storage/backend.ts';
import type { MeteredStore } from '../../storage/layers/metered-store.ts';
import { placeOfStore, type RemovedDevice } from '../../storage/records/devices/removed-devices.ts';
import type { RecordStore } from '../../storage/records/record-store.ts';
import { writeRemovals } from '../../storage/remembered-removals.ts';

export interface RemovalsOptions {
  readonly records: Pick<RecordStore, 'devices' | 'removedDevices'>;
  readonly journal: Journal;
  readonly stores: readonly MeteredStore[];
  /** Null while no archive is configured. */
  readonly archive: { readonly deleteDevices: Place['delete'] } | null;
  /** Folder in which removals are also stored; null without a data folder. */
  readonly folder: string | null;
  readonly log: Pick<Logger, 'warn'>;
}

type Work = Pick<JobContext, 'signal' | 'progress'>;

/** A place that may contain readings. */
interface Place {
  /** Also its key in the records. */
  readonly name: string;
  delete(deviceIds: readonly string[], work: Work): Promise<unknown>;
}

/** A place that still contains readings of removed devices. */
interface Open {
  readonly place: Place;
  readonly removals: readonly RemovedDevice[];
}

export interface RemovalReport {
  /** For each place, the number of devices whose readings were deleted. */
  readonly deleted: Readonly<Record<string, number>>;
  /** Places that can never delete them, with the reason. */
  readonly impossible: Readonly<Record<string, string>>;
}

const QUARANTINE_PAGE = 1000;

/**
 * Removes devices with their readings. The records are deleted at once, and from that moment nothing of the device is shown, stored or copied
 * (`hidingRemoved`); the readings are deleted from one place after the other. Each completed place is recorded, so that an unavailable place
 * is completed later, and a deletion continues after a crash.
 */
export class DeviceRemovals {
  readonly #options: RemovalsOptions;
  #hasOpen = false;

  private constructor(options: RemovalsOptions) {
    this.#options = options;
  }

  static async open(options: RemovalsOptions): Promise<DeviceRemovals> {
    const removals = new DeviceRemovals(options);
    await removals.refresh();
    return removals;
  }

  /** Whether a place still has readings to delete. */
  get hasOpen(): boolean {
    return this.#hasOpen;
  }

  /** Reads the records again. */
  async refresh(): Promise<void> {
    this.#hasOpen = (await this.#open()).length > 0;
  }

  /** Removes a device; its readings follow with `deleteReadings`. @throws NotFound */
  async remove(deviceId: string): Promise<void> {
    await this.#options.records.devices.remove(deviceId);
    this.#hasOpen = true;
  }

  /**
   * Deletes the readings of removed devices from every place that still contains them.
   * @throws Unavailable if a place cannot delete them at present; all others are complete by then
   */
  async deleteReadings(work: Work): Promise<RemovalReport> {
    const { records, folder } = this.#options;
    const report = { deleted: new Map<string, number>(), impossible: new Map<string, string>() };
    const failed = new Map<string, string>();
    for (;;) {
      const all = await this.#open();
      const open = all.filter(({ place }) => !failed.has(place.name));
      this.#hasOpen = all.length > 0;
      if (open.length === 0) break;
      if (folder !== null) await writeRemovals(folder, await records.removedDevices.list());
      for (const [i, one] of open.entries()) {
        work.signal.throwIfAborted();
        work.progress(i / open.length, describe(one));
        await this.#deleteFrom(one, work, report, failed);
      }
    }
    if (failed.size > 0) {
      const reasons = [...failed].map(([place, reason]) => `${place}: ${reason}`).join('; ');
      throw new Unavailable(
        `readings of deleted devices are still in ${failed.size} places, and are deleted later: ${reasons}`,
      );
    }
    return { deleted: Object.fromEntries(report.deleted), impossible: Object.fromEntries(report.impossible) };
  }

  async #deleteFrom(
    { place, removals }: Open,
    work: Work,
    report: { deleted: Map<string, number>; impossible: Map<string, string> },
    failed: Map<string, string>,
  ): Promise<void> {
    const { records, journal, log } = this.#options;
    const ids = removals.map(({ deviceId }) => deviceId);
    try {
      await place.delete(ids, work);
      report.deleted.set(place.name, (report.deleted.get(place.name) ?? 0) + ids.length);
    } catch (error) {
      if (isTemporary(error)) {
        failed.set(place.name, messageOf(error));
        return;
      }
      if (!isPermanent(error)) throw error;
      // A retry would fail again.
      report.impossible.set(place.name, messageOf(error));
      log.warn(
        `readings of ${ids.length} deleted devices stay in ${place.name}, where nobody sees them: ${messageOf(error)}`,
      );
    }
    await records.removedDevices.noteDone(ids, (await journal.origin()).id, place.name);
  }

  async #open(): Promise<Open[]> {
    const { records, journal } = this.#options;
    const all = await records.removedDevices.list();
    if (all.length === 0) return [];
    const done = await records.removedDevices.done((await journal.origin()).id);
    return this.#places().flatMap((place) => {
      const removals = all.filter(({ deviceId }) => done.get(place.name)?.has(deviceId) !== true);
      return removals.length > 0 ? { place, removals } : [];
    });
  }

  #places(): Place[] {
    const { stores, archive } = this.#options;
    return [
      { name: 'quarantine', delete: (ids) => this.#dropQuarantined(new Set(ids)) },
      ...stores.map(({ name, store }) => ({
        name: placeOfStore(name),
        delete: (ids: readonly string[]) => store.deleteDevices(ids),
      })),
      ...(archive ? [{ name: 'archive', delete: archive.deleteDevices }] : []),
    ];
  }

  async #dropQuarantined(deviceIds: ReadonlySet<string>): Promise<void> {
    const { journal } = this.#options;
    for (let before: number | null = null; ; ) {
      const entries = await journal.quarantined(QUARANTINE_PAGE, before);
      await journal.dropQuarantined(entries.filter(({ deviceId }) => deviceIds.has(deviceId)).map(({ id }) => id));
      if (entries.length < QUARANTINE_PAGE) return;
      before = entries.at(-1)!.id;
    }
  }
}

function describe({ place, removals }: Open): string {
  const [first, ...others] = removals;
  return `${place.name}: ${first!.name}${others.length > 0 ? ` and ${others.length} others` : ''}`;
}
