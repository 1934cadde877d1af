import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import { Kysely } from 'kysely';
import { expect, it } from 'vitest';
import { Conflict, Corrupt, Unavailable } from '../../src/domain/errors.ts';
import { migrateRecords, migrationsFor } from '../../src/storage/records/migrations/migrate.ts';
import { openRecords } from '../../src/storage/records/record-store.ts';
import { NodeSqliteDialect } from '../../src/storage/records/sqlite-dialect.ts';
import { temporaryDatabase, temporaryRecords } from './temporary-records.ts';

it('makes a durable file that gives space back', async () => {
  const path = temporaryDatabase();
  const records = await openRecords(path);
  const file = new DatabaseSync(path);
  expect(file.prepare('PRAGMA journal_mode').get()).toMatchObject({ journal_mode: 'wal' });
  expect(file.prepare('PRAGMA auto_vacuum').get()).toMatchObject({ auto_vacuum: 2 });
  file.close();
  expect(await records.health()).toMatchObject({ status: 'ok', path, error: null });
  await records.close();
  expect(await records.health()).toMatchObject({ status: 'failed', error: expect.stringMatching(/./) });
});

it('finds everything again in a file that was closed', async () => {
  const path = temporaryDatabase();
  const before = await openRecords(path);
  const device = await before.devices.ensure('Garage inverter', { phase: '1' }, 'inverter');
  await before.close();
  const after = await openRecords(path);
  expect(await after.devices.require('Garage inverter')).toEqual(device);
  await after.close();
});

it('opens a file in which the journal has made its own tables first', async () => {
  const path = temporaryDatabase();
  const journal = new DatabaseSync(path);
  journal.exec('PRAGMA journal_mode = WAL; CREATE TABLE journal_batches (sequence INTEGER PRIMARY KEY)');
  const records = await openRecords(path);
  await records.sites.ensureDefault();
  journal.exec('INSERT INTO journal_batches VALUES (1)');
  await records.close();
  journal.close();
});

it('brings a file of an older version up to date and keeps what is in it', async () => {
  const path = temporaryDatabase();
  const records = await openRecords(path);
  await records.sites.create({ name: 'Home' });
  await records.close();

  const db = new Kysely<{ notes: { text: string } }>({ dialect: new NodeSqliteDialect(new DatabaseSync(path), path) });
  const newer = {
    ...migrationsFor('sqlite'),
    '0002-notes': {
      up: async (migrated: Kysely<unknown>) => {
        await migrated.schema.createTable('notes').addColumn('text', 'text').execute();
      },
    },
  };
  await migrateRecords(db, 'sqlite', path, newer);
  await db.insertInto('notes').values({ text: 'kept' }).execute();
  expect(
    await db
      .selectFrom('sites' as 'notes')
      .selectAll()
      .execute(),
  ).toHaveLength(1);
  await db.destroy();

  await expect(openRecords(path)).rejects.toThrow(Conflict);
  await expect(openRecords(path)).rejects.toThrow(/newer version of Wattkeeper.*0002-notes.*install that version/);
});

it('leaves nothing behind of a migration that fails half-way', async () => {
  const path = temporaryDatabase();
  const db = new Kysely<unknown>({ dialect: new NodeSqliteDialect(new DatabaseSync(path), path) });
  const broken = {
    '0001-broken': {
      up: async (migrated: Kysely<unknown>) => {
        await migrated.schema.createTable('half').addColumn('text', 'text').execute();
        throw new Error('the power went');
      },
    },
  };
  await expect(migrateRecords(db, 'sqlite', path, broken)).rejects.toThrow('the power went');
  expect((await db.introspection.getTables()).map((table) => table.name)).not.toContain('half');
  await db.destroy();
});

it('says what to do with a file that is no database', async () => {
  const path = temporaryDatabase();
  writeFileSync(path, 'timestamp,value\n'.repeat(1000));
  await expect(openRecords(path)).rejects.toThrow(Corrupt);
  await expect(openRecords(path)).rejects.toThrow(/damaged or is not a SQLite database.*restore a backup/);
  expect(readFileSync(path, 'utf8')).toContain('timestamp,value');
});

it('says what to do with a damaged database', async () => {
  const path = temporaryDatabase();
  const records = await openRecords(path);
  await records.close();
  truncateSync(path, 8192);
  await expect(openRecords(path)).rejects.toThrow(Corrupt);
});

it('says what to do when the file cannot be opened', async () => {
  const path = temporaryDatabase();
  mkdirSync(path);
  await expect(openRecords(path)).rejects.toThrow(Unavailable);
  await expect(openRecords(path)).rejects.toThrow(/cannot be opened.*check that its folder exists/);
});

it('says so when another program keeps the database locked', async () => {
  const path = temporaryDatabase();
  await (await openRecords(path)).close();
  const other = new DatabaseSync(path);
  other.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  await expect(openRecords(path, { busyTimeoutMs: 50 })).rejects.toThrow(/locked by another program/);
  other.close();
});

it('refuses a write with a clear error while another connection holds the lock for too long', async () => {
  const path = temporaryDatabase();
  const records = await openRecords(path, { busyTimeoutMs: 50 });
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

it('loses no write while another thread writes into the same file without pause', async () => {
  const path = temporaryDatabase();
  const records = await openRecords(path);
  const journal = new Worker(
    `const { workerData, parentPort } = require('node:worker_threads');
     const { DatabaseSync } = require('node:sqlite');
     const db = new DatabaseSync(workerData, { timeout: 5000 });
     db.exec('PRAGMA synchronous = FULL; CREATE TABLE journal_batches (sequence INTEGER PRIMARY KEY, bytes BLOB)');
     const insert = db.prepare('INSERT INTO journal_batches (bytes) VALUES (zeroblob(20000))');
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

it('keeps everything in memory when asked to', async () => {
  const records = await openRecords(':memory:');
  await records.devices.ensure('Meter');
  expect(await records.devices.list()).toHaveLength(1);
  await records.close();
});

it('runs queries that come at once one after the other', async () => {
  const records = await temporaryRecords();
  const sites = await Promise.all(Array.from({ length: 20 }, () => records.sites.ensureDefault()));
  expect(new Set(sites.map((site) => site.id)).size).toBe(1);
});
