import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { loadConfig } from './load.ts';
import { recordsLocation } from './records-location.ts';

const located = (variables: Record<string, string>) =>
  recordsLocation(loadConfig({ environment: { WATTKEEPER_DATA_DIR: '/data', ...variables } }));

it('stores records in the data folder by default', () => {
  expect(located({})).toEqual({ type: 'sqlite', path: join('/data', 'wattkeeper.db') });
  expect(located({ WATTKEEPER_RECORDS__TYPE: 'sqlite', WATTKEEPER_RECORDS__PATH: '/fast/records.db' })).toEqual({
    type: 'sqlite',
    path: '/fast/records.db',
  });
});

it('reads all PostgreSQL settings from the environment, and the password from a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'wattkeeper-config-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'password'), '0123\n');
  const records = {
    WATTKEEPER_RECORDS__TYPE: 'postgres',
    WATTKEEPER_RECORDS__HOST: 'db',
    WATTKEEPER_RECORDS__PORT: '6432',
    WATTKEEPER_RECORDS__PASSWORD_FILE: join(folder, 'password'),
    WATTKEEPER_RECORDS__TLS: 'true',
    WATTKEEPER_RECORDS__MAX_CONNECTIONS: '4',
  };
  const expected = { type: 'postgres', host: 'db', port: 6432, password: '0123', tls: true, max_connections: 4 };
  expect(located(records)).toMatchObject({ ...expected, database: 'wattkeeper', schema: 'wattkeeper' });
  expect(located({ ...records, WATTKEEPER_PERSISTENCE: 'false' })).toEqual({ type: 'sqlite', path: ':memory:' });
});

it('rejects unusable settings without revealing the password', () => {
  const refused = (records: Record<string, string>) => () =>
    located({ WATTKEEPER_RECORDS__TYPE: 'postgres', ...records });
  const wrong = refused({ WATTKEEPER_RECORDS__URL: 'mysql://me:top@secret@db/energy' });
  expect(wrong).toThrow(/records.url: must be an address such as postgres:.*found "mysql:\/\/me:…@db\/energy"/);
  expect(wrong).not.toThrow(/top|secret/);
  expect(refused({ WATTKEEPER_RECORDS__URL: 'postgres://db/energy?options=-c%20x' })).toThrow(/must not set options/);
  expect(refused({ WATTKEEPER_RECORDS__SCHEMA: 'a; drop' })).toThrow(/records.schema: must be a name of small letters/);
});
