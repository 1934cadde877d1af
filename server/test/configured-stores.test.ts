import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { Config } from '../src/config/schema.ts';
import { ObjectStoreOptions } from '../src/storage/objects/open-object-store.ts';
import { StoreOptions } from '../src/storage/open-store.ts';

const read = (file: string) => readFileSync(new URL(`../../docs/${file}`, import.meta.url), 'utf8');
const pages = ['configuration.md', 'postgresql.md', 'storage-tiers.md', 'backup.md'].map(read).join('\n');

const settings = [...StoreOptions.options, ...ObjectStoreOptions.options].flatMap(({ shape }) =>
  Object.keys(shape).map((setting): [string, string] => [shape.type.value, setting]),
);

it.each(settings)('the documentation names the setting of %s: %s', (type, setting) => {
  expect(pages).toMatch(new RegExp(`\\b${type}\\b`));
  expect(pages).toMatch(new RegExp(`\\b${setting}\\b`));
});

it('a store is opened with its configuration and defaults', () => {
  const stores = [
    { type: 'duckdb', memory_limit_mb: 128 },
    { type: 'memory', max_bytes: 65_536 },
    { type: 'influxdb', url: 'http://db:8086', retention_policy: 'weeks' },
  ];
  const parsed = Config.parse({ stores }).stores;
  expect(parsed).toEqual(stores.map((store) => StoreOptions.parse(store)));
  expect(parsed).toEqual([
    { name: 'duckdb', read_timeout_ms: 60_000, ...stores[0] },
    { name: 'memory', ...stores[1] },
    { name: 'influxdb', database: 'wattkeeper', timeout_ms: 60_000, read_timeout_ms: 5_000, ...stores[2] },
  ]);
});

it('a configuration with a memory store or window too small for its rows is rejected', () => {
  for (const settings of [{ stores: [{ type: 'memory', max_bytes: 1 }] }, { analytics: { memory_max_bytes: 1 } }]) {
    expect(Config.safeParse(settings).success).toBe(false);
  }
});
