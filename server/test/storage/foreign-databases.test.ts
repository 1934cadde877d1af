import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Corrupt } from '../../src/domain/errors.ts';
import { Engine } from '../../src/storage/duckdb/engine.ts';
import { openTelemetryStore } from '../../src/storage/open-store.ts';
import { checkDatabase } from '../../src/storage/records/engine/sqlite-file.ts';
import { openRecords } from '../../src/storage/records/record-store.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'foreign-'));
  path = join(folder, 'database');
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Every function that opens a SQLite file that may already contain data. */
const OPENERS = {
  records: async () => void (await (await openRecords({ type: 'sqlite', path })).close()),
  journal: async () => checkDatabase(path),
  telemetry: async () => void (await (await openTelemetryStore({ type: 'sqlite', path })).close()),
};

function change(sql: string): void {
  const database = new DatabaseSync(path);
  database.exec(sql);
  database.close();
}

const digest = () => createHash('sha256').update(readFileSync(path)).digest('hex');

for (const [name, open] of Object.entries(OPENERS)) {
  it.each([
    ['tables', 'CREATE TABLE states (id INTEGER)'],
    ['tables and the number of a format', 'CREATE TABLE states (id INTEGER); PRAGMA user_version = 1'],
    ['tables of the same names', 'CREATE TABLE devices (id INTEGER, name TEXT); PRAGMA user_version = 1'],
    ['an application id', 'PRAGMA application_id = 77'],
    [
      'an application id and our tables',
      'PRAGMA application_id = 77; CREATE TABLE metric_groups (id); CREATE TABLE journal_batch (id)',
    ],
  ])(`a SQLite file of another program, with %s, is rejected as ${name} and not changed`, async (_, sql) => {
    change(sql);
    const before = digest();
    await expect(open()).rejects.toBeInstanceOf(Corrupt);
    await expect(open()).rejects.toThrow(/is a SQLite database of another program .* it was not changed; move it away/);
    expect(digest()).toBe(before);
  });

  it(`a SQLite file of a newer or unknown format is rejected as ${name} and not changed`, async () => {
    const make = name === 'journal' ? OPENERS.records : open;
    await make();
    await open();
    for (const version of [99, -1]) {
      change(`PRAGMA user_version = ${version}`);
      const before = digest();
      await expect(open()).rejects.toBeInstanceOf(Corrupt);
      await expect(open()).rejects.toThrow(
        new RegExp(`database has format ${version}, and this version of Wattkeeper reads .* install the version`),
      );
      expect(digest()).toBe(before);
    }
  });
}

it('the file of one part is not accepted as that of another part', async () => {
  await OPENERS.records();
  await expect(OPENERS.telemetry()).rejects.toThrow(/another program/);
  rmSync(path);
  await OPENERS.telemetry();
  await expect(OPENERS.records()).rejects.toThrow(/another program/);
});

it('records of earlier versions, which have no mark, are opened and marked', async () => {
  await OPENERS.records();
  change('PRAGMA application_id = 0; PRAGMA user_version = 0');
  await OPENERS.records();
  const database = new DatabaseSync(path);
  expect(database.prepare('PRAGMA user_version').get()).toEqual({ user_version: 1 });
  expect(database.prepare('PRAGMA application_id').get()).not.toEqual({ application_id: 0 });
  database.close();
});

it.each([
  [
    'of another program',
    'CREATE TABLE states (id INTEGER)',
    /belongs to another program \(tables: states\): it was not changed/,
  ],
  [
    'of another program, with a table of our name',
    'CREATE TABLE format (version INTEGER); INSERT INTO format VALUES (1)',
    /belongs to another program/,
  ],
  ['of a newer format', 'UPDATE format SET version = 2', /has format 2, this version of Wattkeeper reads 1/],
  ['of two formats', 'INSERT INTO format VALUES (2)', /has format 1, 2/],
])('a DuckDB file %s is rejected and not changed', async (_, sql, reason) => {
  const open = async () => void (await (await openTelemetryStore({ type: 'duckdb', path })).close());
  if (!sql.startsWith('CREATE')) await open();
  const tables = await inDuckDb(`${sql}`);
  await expect(open()).rejects.toBeInstanceOf(Corrupt);
  await expect(open()).rejects.toThrow(reason);
  expect(await inDuckDb('')).toEqual(tables);
});

/** Runs statements and returns the names of all tables. */
async function inDuckDb(sql: string): Promise<string[]> {
  const engine = await Engine.open({ path, memoryLimitMb: 64, threads: 1, walMb: 1 });
  const connection = await engine.connect();
  if (sql !== '') await connection.run(sql);
  const found = await connection.run('SELECT table_name FROM duckdb_tables() ORDER BY 1');
  const tables = found.texts(0);
  connection.close();
  engine.close();
  return tables;
}
