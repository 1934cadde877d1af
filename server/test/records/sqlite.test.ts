import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { Corrupt, Unavailable } from '../../src/domain/errors.ts';
import { openRecords } from '../../src/storage/records/record-store.ts';
import { recordStorePromises } from './record-store-promises.ts';
import { temporaryDatabase } from './temporary-records.ts';

describe('records in SQLite', () => recordStorePromises(async () => temporaryDatabase()));

it('creates a durable file that returns free space', async () => {
  const place = temporaryDatabase();
  const { path } = place;
  const records = await openRecords(place);
  const file = new DatabaseSync(path);
  expect(file.prepare('PRAGMA journal_mode').get()).toMatchObject({ journal_mode: 'wal' });
  expect(file.prepare('PRAGMA auto_vacuum').get()).toMatchObject({ auto_vacuum: 2 });
  file.close();
  expect(await records.health()).toMatchObject({ type: 'sqlite', status: 'ok', place: path, error: null });
  await records.close();
  expect(await records.health()).toMatchObject({ status: 'failed', error: expect.stringMatching(/./) });
});

it('opens a file in which the journal has already created its tables', async () => {
  const place = temporaryDatabase();
  const { path } = place;
  const journal = new DatabaseSync(path);
  journal.exec('PRAGMA journal_mode = WAL; CREATE TABLE journal_batch (sequence INTEGER PRIMARY KEY)');
  const records = await openRecords(place);
  await records.sites.ensureDefault();
  journal.exec('INSERT INTO journal_batch VALUES (1)');
  await records.close();
  journal.close();
});

it('lists the active baseline even if a thousand versions are newer', async () => {
  const records = await openRecords({ type: 'sqlite', path: ':memory:' });
  const { id: siteId } = await records.sites.ensureDefault();
  const { id } = await records.devices.create({ name: 'Press', kind: 'machine', siteId });
  const first = await records.baselines.add(id, {}, true);
  for (let version = 2; version <= 1001; version++) await records.baselines.add(id, {}, false);
  const listed = await records.baselines.list(id);
  expect([listed.length, listed.at(-1)]).toEqual([1001, first]);
  await records.baselines.activate(listed[0]!.id);
  expect(await records.baselines.list(id)).toHaveLength(1000);
  await records.close();
});

it('explains what to do with a file that is not a database', async () => {
  const place = temporaryDatabase();
  const { path } = place;
  writeFileSync(path, 'timestamp,value\n'.repeat(1000));
  await expect(openRecords(place)).rejects.toThrow(Corrupt);
  await expect(openRecords(place)).rejects.toThrow(/damaged or is not a SQLite database.*restore a backup/);
  expect(readFileSync(path, 'utf8')).toContain('timestamp,value');
});

it('explains what to do with a damaged database', async () => {
  const place = temporaryDatabase();
  const { path } = place;
  const records = await openRecords(place);
  await records.close();
  truncateSync(path, 8192);
  await expect(openRecords(place)).rejects.toThrow(Corrupt);
});

it('explains what to do when the file cannot be opened', async () => {
  const place = temporaryDatabase();
  const { path } = place;
  mkdirSync(path);
  await expect(openRecords(place)).rejects.toThrow(Unavailable);
  await expect(openRecords(place)).rejects.toThrow(/cannot be opened.*check that its folder exists/);
});

it('reports a database that another program keeps locked', async () => {
  const place = temporaryDatabase();
  const { path } = place;
  await (await openRecords(place)).close();
  const other = new DatabaseSync(path);
  other.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  await expect(openRecords(place, { busyTimeoutMs: 50 })).rejects.toThrow(/locked by another program/);
  other.close();
});

it('rejects a write with a clear error while another connection holds the lock for too long', async () => {
  const place = temporaryDatabase();
  const { path } = place;
  const records = await openRecords(place, { busyTimeoutMs: 50 });
  const other = new DatabaseSync(path);
  other.exec('BEGIN IMMEDIATE');
  await expect(records.sites.create({ name: 'Home' })).rejects.toThrow(Unavailable);
  expect(await records.health()).toMatchObject({ status: 'failed', error: expect.stringContaining('locked') });
  expect(await records.sites.list()).toEqual([]);
  other.exec('ROLLBACK');
  other.close();
  await records.sites.create({ name: 'Home' });
  await records.close();
});

it('loses no write while another thread writes to the same file without pause', async () => {
  const place = temporaryDatabase();
  const { path } = place;
  const records = await openRecords(place);
  const journal = new Worker(
    `const { workerData, parentPort } = require('node:worker_threads');
     const { DatabaseSync } = require('node:sqlite');
     const db = new DatabaseSync(workerData, { timeout: 5000 });
     db.exec('PRAGMA synchronous = FULL; CREATE TABLE journal_batch (sequence INTEGER PRIMARY KEY, bytes BLOB)');
     const insert = db.prepare('INSERT INTO journal_batch (bytes) VALUES (zeroblob(20000))');
     let written = 0, running = true;
     parentPort.on('message', () => { running = false; });
     const turn = () => {
       if (!running) { db.close(); parentPort.postMessage(written); return; }
       for (let i = 0; i < 20; i++) { db.exec('BEGIN IMMEDIATE'); insert.run(); db.exec('COMMIT'); written++; }
       setImmediate(turn);
     };
     turn();`,
    { eval: true, workerData: path },
  );
  const names = Array.from({ length: 200 }, (_, i) => `device ${i}`);
  await Promise.all(names.map((name) => records.devices.ensure(name)));
  const written = new Promise<number>((resolve, reject) => journal.once('message', resolve).once('error', reject));
  journal.postMessage('stop');
  expect(await written).toBeGreaterThan(0);
  expect(await records.devices.list()).toHaveLength(200);
  expect(await records.sites.list()).toHaveLength(1);
  await records.close();
});

it('stores everything in memory when configured to', async () => {
  const records = await openRecords({ type: 'sqlite', path: ':memory:' });
  await records.devices.ensure('Meter');
  expect(await records.devices.list()).toHaveLength(1);
  await records.close();
});
