import { recordsLocation } from '../config/records-location.ts';
import type { Config } from '../config/schema.ts';
import { openDataFolder } from '../storage/data-folder.ts';
import { openRecords, type RecordStore } from '../storage/records/record-store.ts';

/**
 * Works on the records of a service that is stopped, under the lock of its data folder.
 * @throws Conflict while a process uses the folder
 */
export async function onRecords<T>(config: Config, work: (records: RecordStore) => Promise<T>): Promise<T> {
  const folder = openDataFolder(config.data_dir);
  try {
    const records = await openRecords(recordsLocation(config));
    try {
      return await work(records);
    } finally {
      await records.close();
    }
  } finally {
    folder.release();
  }
}
