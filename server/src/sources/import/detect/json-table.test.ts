import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { runImport } from '../../../../test/import/run-import.ts';
import { diskFile } from '../input-file.ts';
import { parseMapping } from '../mapping.ts';
import { detectMapping } from './detect.ts';
import { jsonTableIn } from './json-table.ts';

const folder = mkdtempSync(join(tmpdir(), 'wattkeeper-json-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
async function imported(text: string) {
  const path = join(folder, `House ${files++}.json`);
  writeFileSync(path, text);
  const detected = await detectMapping(await diskFile(path), { timezone: 'Europe/Warsaw' });
  const run = await runImport(path, parseMapping(stringify(detected.mapping), 'm'));
  return { ...run, detected, device: `House ${files - 1}` };
}

const records = Array.from({ length: 900 }, (_, i) => ({
  timestamp: new Date(Date.UTC(2026, 2, 1) + i * 300_000).toISOString(),
  serial: `A${i % 3}`,
  pv: { power_w: 1.234 + i, note: null },
  'Battery SoC (%)': 50.5 + (i % 40),
}));

test.each([
  ['a list', JSON.stringify(records), undefined],
  ['objects one a line', records.map((record) => JSON.stringify(record)).join('\n'), undefined],
  ['a list inside an object', JSON.stringify({ code: 0, data: { total: 900, infos: records } }, null, 1), 'data.infos'],
])('%s that exceeds the examined part is detected and read completely', async (_shape, text, path) => {
  const { report, detected, values, device } = await imported(text);
  expect(detected).toMatchObject({
    format: 'json',
    mapping: { kind: 'inverter', columns: { 'pv.power_w': { metric: 'solar.power_kw', unit: 'W' } } },
  });
  expect(detected.mapping.records).toBe(path);
  expect(detected.notes.join()).not.toContain('two ways');
  expect(report).toMatchObject({ rows: 900, rejected: 0 });
  expect(values(device, 'solar.power_kw')[1]).toEqual({
    at: '2026-03-01T00:05:00.000Z',
    value: expect.closeTo(0.002234, 12),
  });
  expect(values(device, 'battery.soc_percent')).toHaveLength(900);
});

test('numbers as texts, epochs, and energy per day are detected', async () => {
  const rows = Array.from({ length: 5 }, (_, i) => ({
    day: `2026-03-${27 + i}`,
    'consumption kWh': `${20 + (i % 2)},5`,
  }));
  const days = await imported(JSON.stringify(rows));
  expect(days.values(days.device, 'load.interval_kwh').map(({ value }) => value)).toEqual([
    20.5, 21.5, 20.5, 21.5, 20.5,
  ]);
  expect(days.detected.mapping.columns).toMatchObject({ 'consumption kWh': { per: '1d' } });
  const epochs = await imported('{"ts":1772323200,"load_w":150}\n{"ts":1772323260,"load_w":151}\n');
  expect(epochs.values(epochs.device, 'load.power_kw')).toEqual([
    { at: '2026-03-01T00:00:00.000Z', value: 0.15 },
    { at: '2026-03-01T00:01:00.000Z', value: 0.151 },
  ]);
});

test('a text without a list of objects with a time is rejected', async () => {
  for (const text of [
    '[]',
    '{"a": 1}',
    '[1, 2]',
    '[[1,2]]',
    '{"hourly": {"time": ["2026-03-01"], "t": [1]}}',
    `${'['.repeat(50_000)}`,
  ])
    await expect(imported(text)).rejects.toThrow('no list of objects with a time');
});

test('wherever a text is truncated, the detected rows are its first records', () => {
  const text = JSON.stringify({ meta: { text: 'a "quoted, [text]' }, items: records.slice(0, 30) });
  const whole = jsonTableIn(text)!;
  fc.assert(
    fc.property(fc.nat(text.length), (length) => {
      const found = jsonTableIn(text.slice(0, length));
      if (found === null) return;
      expect(found.records).toBe('items');
      const complete = found.table.rows.slice(0, -1);
      expect(complete).toEqual(whole.table.rows.slice(0, complete.length));
    }),
  );
});
