import { join } from 'node:path';
import type { Logger } from 'pino';
import { messageOf } from '../domain/errors.ts';
import { splitMetric } from '../domain/metric-catalogue.ts';
import type { Journal } from '../ingest/journal.ts';
import type { DataFolder } from '../storage/data-folder.ts';
import { readKnownDevices } from '../storage/journal-history/history-devices.ts';
import { JOURNAL_HISTORY_FOLDER } from '../storage/journal-history/history-start.ts';
import type { MeteredStore } from '../storage/layers/metered-store.ts';
import type { RecordStore } from '../storage/records/record-store.ts';
import { readRemovals } from '../storage/remembered-removals.ts';
import { isRollupGroup } from '../storage/rollups/rollup-names.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

interface Parts {
  readonly records: RecordStore;
  readonly journal: Journal;
  /** Stores in the data folder. */
  readonly stores: readonly MeteredStore[];
  readonly folder: DataFolder;
  /** Ids of removed devices. Those that are listed in the data folder are added. */
  readonly removed: Set<string>;
  readonly log: Logger;
}

/**
 * Recreates the records of devices that have stored readings, after the database of the records and the journal was removed or emptied:
 * without them the readings could not be found. Returns a message for the user, or null if nothing is missing.
 */
export async function recoverDevices({
  records,
  journal,
  stores,
  folder,
  removed,
  log,
}: Parts): Promise<string | null> {
  // A journal with a position shows that missing devices were deleted, not lost.
  if (journal.head() > 0 || (await records.devices.list()).length > 0) return null;
  const removals = await readRemovals(folder.path);
  for (const { deviceId } of removals) removed.add(deviceId);
  await records.removedDevices.note(removals);
  const seriesOf = await storedSeries(stores, log);
  if (seriesOf.size === 0) return null;
  const named = await readKnownDevices(join(folder.path, JOURNAL_HISTORY_FOLDER));
  const { id: siteId } = await records.sites.preferred();
  for (const [id, series] of seriesOf) {
    const device = named.get(id) ?? { name: id };
    await records.devices.create({ ...device, id, siteId });
    await records.series.ensure([...series].map(([metric, firstSeenAt]) => ({ deviceId: id, metric, firstSeenAt })));
  }
  const unnamed = [...seriesOf.keys()].filter((id) => !named.has(id)).length;
  const message = `the records (wattkeeper.db) were gone at the start, with readings that were on their way to a store: ${seriesOf.size} devices were recovered from what stores have, ${unnamed} of them without their names; users, sites, tariffs and settings are in a backup`;
  log.error(message);
  return message;
}

/** Device → metric → first instant, of all stores that can be read. */
async function storedSeries(stores: readonly MeteredStore[], log: Logger): Promise<Map<string, Map<string, number>>> {
  const found = new Map<string, Map<string, number>>();
  for (const store of stores) {
    try {
      for (const { deviceId, metric, first } of await store.store.series()) {
        if (!UUID.test(deviceId) || isRollupGroup(splitMetric(metric).group)) continue;
        const known = found.get(deviceId) ?? new Map<string, number>();
        found.set(deviceId, known);
        known.set(metric, Math.min(known.get(metric) ?? first, first));
      }
    } catch (error) {
      log.warn(`devices cannot be recovered from store ${store.name}: ${messageOf(error)}`);
    }
  }
  return found;
}
