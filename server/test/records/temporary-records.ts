import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openRecords, type RecordStore, type RecordsOptions } from '../../src/storage/records/record-store.ts';

/** Path of a database in a new folder that goes away with the test. */
export function temporaryDatabase(): string {
  const folder = mkdtempSync(join(tmpdir(), 'wattkeeper-records-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'wattkeeper.db');
}

/** Records in a new file; closed and removed with the test. */
export async function temporaryRecords(options?: RecordsOptions): Promise<RecordStore> {
  const path = temporaryDatabase();
  const records = await openRecords(path, options);
  onTestFinished(() => records.close());
  return records;
}
