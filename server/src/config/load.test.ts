import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { InvalidInput } from '../domain/errors.ts';
import { loadConfig } from './load.ts';

const load = (environment: Record<string, string>) => loadConfig({ environment });

/** The message that rejects an environment; empty if it is accepted. */
function errorOf(environment: Record<string, string>): string {
  try {
    load(environment);
    return '';
  } catch (error) {
    return String(error);
  }
}

test('variables set settings at any depth, including those under user-defined names', () => {
  const config = load({
    WATTKEEPER_HTTP__PORT: '9000',
    WATTKEEPER_STORES__0__TYPE: 'sqlite',
    WATTKEEPER_RETENTION__RAW_DAYS: '30',
    WATTKEEPER_RETENTION__GROUPS__MACHINE: '7',
    WATTKEEPER_RETENTION__ROLLUPS__1M: 'null',
    WATTKEEPER_HTTP__CORS_ORIGINS: 'http://a, http://b',
  });
  expect(config.http).toMatchObject({ port: 9000, cors_origins: ['http://a', 'http://b'] });
  expect(config.stores).toMatchObject([{ type: 'sqlite', name: 'sqlite' }]);
  expect(config.retention).toMatchObject({
    raw_days: 30,
    delete: 'when_smaller',
    groups: { machine: 7 },
    rollups: { '1m': null, '15m': 3660 },
  });
});

test('all errors are reported together, with the given and the allowed values', () => {
  const wrong = () =>
    load({ WATTKEEPER_HTTP__PROT: '1', WATTKEEPER_RETENTION__GROUPS__MACHINE: '3', WATTKEEPER_PERSISTENCE: 'perhaps' });
  expect(wrong).toThrow(InvalidInput);
  expect(wrong).toThrow(/3 errors:\n[\s\S]*http.prot: is not a setting; did you mean port\?/);
  expect(wrong).toThrow(/retention.groups.machine: .*7; found 3/);
  expect(wrong).toThrow(/persistence: .*boolean.*found "perhaps"/);
});

test('raw readings are either archived or deleted, not both', () => {
  const both = { WATTKEEPER_ARCHIVE__STORE__TYPE: 'local', WATTKEEPER_RETENTION__RAW_DAYS: '30' };
  expect(() => load(both)).toThrow(/retention: must not name raw_days or groups where archive.store is set/);
});

test('no variable sets an inherited property of objects or lists', () => {
  const inherited = [
    'CONSTRUCTOR__PROTOTYPE__X',
    'TOSTRING__X',
    'HTTP__CONSTRUCTOR__PROTOTYPE__X',
    'STORES__LENGTH',
    'STORES__CONSTRUCTOR__X',
  ];
  for (const name of inherited) {
    expect(() => load({ [`WATTKEEPER_${name}`]: '1' }), name).toThrow(InvalidInput);
  }
  expect(({} as { x?: unknown }).x).toBeUndefined();
});

test('addresses that are never connected to are rejected at startup, without revealing their secrets', () => {
  for (const host of ['169.254.169.254', '0xa9fea9fe', '[fe80::1]', '[fd00:ec2::254]', '0.0.0.0', '100.100.100.200']) {
    const url = `http://${host}:8080`;
    const azure = `DefaultEndpointsProtocol=http;AccountName=a;AccountKey=hunter2;BlobEndpoint=${url}/a`;
    for (const settings of [
      { STORES__0__TYPE: 'influxdb', STORES__0__URL: url },
      { MIGRATION__INFLUXDB__URL: url },
      { ARCHIVE__STORE__TYPE: 's3', ARCHIVE__STORE__BUCKET: 'b', ARCHIVE__STORE__ENDPOINT: url },
      { BACKUP__COPY_TO__TYPE: 'gcs', BACKUP__COPY_TO__BUCKET: 'b', BACKUP__COPY_TO__ENDPOINT: url },
      { BACKUP__COPY_TO__TYPE: 'azure', BACKUP__COPY_TO__CONTAINER: 'c', BACKUP__COPY_TO__CONNECTION_STRING: azure },
    ]) {
      const names = Object.entries(settings).map(([name, value]) => [`WATTKEEPER_${name}`, value]);
      const error = errorOf(Object.fromEntries(names));
      expect(error).toMatch(/link-local, unspecified, multicast, reserved or metadata address/);
      expect(error).not.toContain('hunter2');
    }
  }
  for (const postgres of [
    { HOST: '169.254.169.254' },
    { HOST: 'fe80::1' },
    { URL: 'postgres://keeper:hunter2@169.254.169.254/home' },
    { URL: 'postgres://keeper:hunter2@db.example/home?host=169.254.169.254' },
  ]) {
    const names = Object.entries(postgres).map(([name, value]) => [`WATTKEEPER_RECORDS__${name}`, value]);
    const error = errorOf({ WATTKEEPER_RECORDS__TYPE: 'postgres', ...Object.fromEntries(names) });
    expect(error).toMatch(/metadata address/);
    expect(error).not.toContain('hunter2');
  }
  const allowed = { STORES__0__TYPE: 'influxdb', STORES__0__URL: 'http://192.168.1.10:8086' };
  expect(errorOf(Object.fromEntries(Object.entries(allowed).map(([n, v]) => [`WATTKEEPER_${n}`, v])))).toBe('');
});

test('a metric group may have the name of a property that every object inherits', () => {
  const groups = Object.fromEntries(Object.getOwnPropertyNames(Object.prototype).map((name) => [name, 30]));
  const folder = mkdtempSync(join(tmpdir(), 'wattkeeper-config-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'wattkeeper.yaml');
  writeFileSync(file, JSON.stringify({ retention: { groups } }));
  expect(loadConfig({ file, environment: {} }).retention.groups).toEqual(groups);
});

test('proxies are trusted by number or address, never all proxies', () => {
  const trusted = (text: string) => load({ WATTKEEPER_HTTP__TRUST_PROXY: text }).http.trust_proxy;
  expect(load({}).http.trust_proxy).toBe(0);
  expect(trusted('1')).toBe(1);
  expect(trusted('127.0.0.1, 10.0.0.0/8, ::1')).toEqual(['127.0.0.1', '10.0.0.0/8', '::1']);
  expect(() => trusted('true')).toThrow(/must be the number of reverse proxies/);
  for (const wrong of ['true', '-1', '11', '10.0.0.0/40', 'proxy.example'])
    expect(() => trusted(wrong)).toThrow(/http\.trust_proxy/);
});
