import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { InvalidInput } from '../domain/errors.ts';
import { loadConfig } from './load.ts';

const load = (environment: Record<string, string>) => loadConfig({ environment });

test('variables reach settings of any depth, those under names that people choose as well', () => {
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
    groups: { machine: 7 },
    rollups: { '1m': null, '15m': 3660 },
  });
});

test('every error is told at once, with what was found and what is allowed', () => {
  const wrong = () =>
    load({ WATTKEEPER_HTTP__PROT: '1', WATTKEEPER_RETENTION__GROUPS__MACHINE: '3', WATTKEEPER_PERSISTENCE: 'perhaps' });
  expect(wrong).toThrow(InvalidInput);
  expect(wrong).toThrow(/3 errors:\n[\s\S]*http.prot: is not a setting; did you mean port\?/);
  expect(wrong).toThrow(/retention.groups.machine: .*7; found 3/);
  expect(wrong).toThrow(/persistence: .*boolean.*found "perhaps"/);
});

test('raw readings leave the store in one way', () => {
  const both = { WATTKEEPER_ARCHIVE__STORE__TYPE: 'local', WATTKEEPER_RETENTION__RAW_DAYS: '30' };
  expect(() => load(both)).toThrow(/retention: must not name raw_days or groups where archive.store is set/);
});

test('no variable reaches what objects and lists inherit', () => {
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

test('a metric group may be named as what every object inherits', () => {
  const groups = Object.fromEntries(Object.getOwnPropertyNames(Object.prototype).map((name) => [name, 30]));
  const folder = mkdtempSync(join(tmpdir(), 'wattkeeper-config-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'wattkeeper.yaml');
  writeFileSync(file, JSON.stringify({ retention: { groups } }));
  expect(loadConfig({ file, environment: {} }).retention.groups).toEqual(groups);
});

test('proxies are trusted by number or address, never all of them', () => {
  const trusted = (text: string) => load({ WATTKEEPER_HTTP__TRUST_PROXY: text }).http.trust_proxy;
  expect(load({}).http.trust_proxy).toBe(0);
  expect(trusted('1')).toBe(1);
  expect(trusted('127.0.0.1, 10.0.0.0/8, ::1')).toEqual(['127.0.0.1', '10.0.0.0/8', '::1']);
  expect(() => trusted('true')).toThrow(/must be the number of reverse proxies/);
  for (const wrong of ['true', '-1', '11', '10.0.0.0/40', 'proxy.example'])
    expect(() => trusted(wrong)).toThrow(/http\.trust_proxy/);
});
