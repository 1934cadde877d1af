import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kysely } from 'kysely';
import { onTestFinished } from 'vitest';
import { openEngine } from '../../src/storage/records/engine/engine.ts';
import { openRecords, type RecordStore, type RecordsOptions } from '../../src/storage/records/record-store.ts';
import type { RecordsLocation, SqliteLocation } from '../../src/storage/records/records-options.ts';

/** Creates an empty place for the records of one test. */
export type NewPlace = () => Promise<RecordsLocation>;

/** A database in a new folder that is deleted with the test. */
export function temporaryDatabase(): SqliteLocation {
  const folder = mkdtempSync(join(tmpdir(), 'wattkeeper-records-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return { type: 'sqlite', path: join(folder, 'wattkeeper.db') };
}

/** Records in a place, closed with the test. */
export async function recordsIn(place: RecordsLocation, options?: RecordsOptions): Promise<RecordStore> {
  const records = await openRecords(place, options);
  onTestFinished(() => records.close());
  return records;
}

/** Records in a new file; closed and deleted with the test. */
export async function temporaryRecords(options?: RecordsOptions): Promise<RecordStore> {
  return recordsIn(temporaryDatabase(), options);
}

/** The tables, without the repositories; closed with the test. */
export function rawDatabase<T>(place: RecordsLocation): Kysely<T> {
  const db = new Kysely<T>({ dialect: openEngine(place, 5_000).dialect });
  onTestFinished(() => db.destroy());
  return db;
}
