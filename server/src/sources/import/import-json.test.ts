import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { exampleMapping, runImport } from '../../../test/import/run-import.ts';
import { MAX_RECORD_SIZE } from './json-records.ts';
import { parseMapping } from './mapping.ts';

const folder = mkdtempSync(join(tmpdir(), 'wattkeeper-import-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;

function file(content: string | Buffer): string {
  const path = join(folder, String(files++));
  writeFileSync(path, content);
  return path;
}

const MAPPING = exampleMapping('inverter-json');
const READINGS = [
  { at: 1767225600, sn: 'A1', battery: { soc_percent: '74.5', power_w: -1200 }, pv: { power_w: 0 } },
  { at: '1767225900', sn: 'A1', battery: { soc_percent: 'Unknown', power_w: '800' }, pv: null },
  { at: 1767226200, sn: 'B2', 'battery.soc_percent': 50, pv: { power_w: 2500 } },
];
const VALUES = {
  'A1 battery.soc_percent': [['2026-01-01T00:00:00.000Z', 74.5]],
  'A1 battery.power_kw': [
    ['2026-01-01T00:00:00.000Z', 1.2],
    ['2026-01-01T00:05:00.000Z', -0.8],
  ],
  'A1 solar.power_kw': [['2026-01-01T00:00:00.000Z', 0]],
  'B2 battery.soc_percent': [['2026-01-01T00:10:00.000Z', 50]],
  'B2 solar.power_kw': [['2026-01-01T00:10:00.000Z', 2.5]],
};
const lines = (records: readonly unknown[]) => records.map((record) => JSON.stringify(record)).join('\n');

describe('JSON with nested fields and numbers as texts', () => {
  test.each([
    ['a list', JSON.stringify(READINGS)],
    ['a list on many lines', JSON.stringify(READINGS, null, 2)],
    ['an object a line', lines(READINGS)],
    [
      'an object a line, with a byte order mark and empty lines',
      `\uFEFF${lines(READINGS).replaceAll('\n', '\r\n\r\n')}\n`,
    ],
    ['objects on many lines', READINGS.map((reading) => JSON.stringify(reading, null, 2)).join('\n')],
  ])('is imported as %s, plain and gzip', async (_shape, text) => {
    for (const content of [text, gzipSync(text)]) {
      const { report, values } = await runImport(file(content), MAPPING);
      expect(report).toMatchObject({ rows: 3, accepted: 6, rejected: 0, absent_columns: [] });
      for (const [name, expected] of Object.entries(VALUES)) {
        const [device, metric] = name.split(' ') as [string, string];
        expect(values(device, metric).map(({ at, value }) => [at, value])).toEqual(expected);
      }
    }
  });

  test('is imported as one object, and from a list inside an object', async () => {
    const one = await runImport(file(JSON.stringify(READINGS[0], null, 1)), MAPPING);
    expect(one.report).toMatchObject({ rows: 1, accepted: 3 });
    const inside = file(JSON.stringify({ status: 'ok', data: { unused: [{ at: 1 }], readings: READINGS } }));
    const { report } = await runImport(inside, { ...MAPPING, records: 'data.readings' });
    expect(report).toMatchObject({ rows: 3, accepted: 6, counted_by: 'record' });
  });

  test('loses only unreadable lines', async () => {
    const [first, ...rest] = lines(READINGS).split('\n');
    const { report } = await runImport(file([first, '{"at": 1767225', '17', ...rest].join('\n')), MAPPING);
    expect(report).toMatchObject({
      rows: 5,
      counted_by: 'line',
      accepted: 6,
      rejected: 2,
      rejected_by: { unreadable: { count: 2, positions: [2, 3] } },
    });
    expect(report.problems.map(({ detail }) => detail)).toEqual([
      expect.stringContaining('is not JSON'),
      'must be an object; got a number',
    ]);
  });

  test('stores everything before a break, and reports its position', async () => {
    const list = JSON.stringify(READINGS);
    const broken = file(list.slice(0, -20));
    await expect(runImport(broken, MAPPING)).rejects.toThrow(
      /cannot be read to its end.*; the 2 rows before it were imported/s,
    );
    const inside = file(`${list.slice(0, -1)},{"at": {`);
    await expect(runImport(inside, MAPPING)).rejects.toThrow(
      /cannot be read to its end: it ends in the middle.*; the 3 rows/,
    );
    const wrong = file(`${list.slice(0, -1)},{"at": oops}]`);
    await expect(runImport(wrong, MAPPING)).rejects.toThrow(
      /cannot be read to its end.*; the 3 rows before it were imported/s,
    );
    const zipped = gzipSync(lines(Array.from({ length: 50_000 }, (_, i) => ({ ...READINGS[0], at: i * Math.E }))));
    await expect(runImport(file(zipped.subarray(0, zipped.length / 2)), MAPPING)).rejects.toThrow(
      /cannot be read to its end: unexpected end of file; the \d+ rows before it were imported/,
    );
  });

  test('does not hold unlimited content in memory: a list that the mapping does not name, a line', async () => {
    const many = JSON.stringify(Array.from({ length: 120_000 }, () => READINGS[0]));
    await expect(runImport(file(`{"data": ${many}}`), MAPPING)).rejects.toThrow(
      /record 1 has no end within 8 MB: .* set records to its path/,
    );
    const line = `${JSON.stringify(READINGS[0])}\n{"a": "${'x'.repeat(MAX_RECORD_SIZE)}`;
    await expect(runImport(file(line), MAPPING)).rejects.toThrow(/line 2 has no end within 8 MB/);
  });

  test('reports a field that no record has, with the existing ones', async () => {
    const mapping = { ...MAPPING, device_column: 'serial' };
    await expect(runImport(file(lines(READINGS)), mapping)).rejects.toThrow(
      /the field "serial", but the records have: at, sn, battery\.soc_percent, battery\.power_w, pv\.power_w/,
    );
    const columns = { ...MAPPING.columns, 'battery.temp': { metric: 'battery.temperature_c' } };
    const wider = parseMapping(JSON.stringify({ ...MAPPING, columns }), 'm');
    const { report } = await runImport(file(lines(READINGS)), wider);
    expect(report).toMatchObject({ accepted: 6, absent_columns: ['battery.temp'] });
  });

  test('gives the same result in every shape', async () => {
    const reading = fc.record({
      at: fc.integer({ min: 0, max: 4_000_000_000 }),
      sn: fc.string({ minLength: 1 }).filter((text) => text.trim() !== ''),
      pv: fc.record({ power_w: fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constant(null)) }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(reading, { minLength: 1, maxLength: 20 }), async (readings) => {
        const mapping = parseMapping(
          'device_column: sn\ntimestamp: { column: at, format: epoch_s }\ncolumns: { pv.power_w: { metric: solar.power_kw } }',
          'm',
        );
        const runs = await Promise.all(
          [JSON.stringify(readings), lines(readings), JSON.stringify(readings, null, 1)].map((text) =>
            runImport(file(text), mapping),
          ),
        );
        for (const { blocks } of runs) expect(blocks).toEqual(runs[0]?.blocks);
        expect(runs[0]?.report.accepted).toBe(readings.filter(({ pv }) => pv.power_w !== null).length);
      }),
      { numRuns: 50 },
    );
  });
});

describe('a file that is not a table', () => {
  test.each([
    ['an Excel file', 'PK\x03\x04rest', /ZIP archive or an Excel file; import reads CSV, JSON and JSON lines/],
    ['Parquet', 'PAR1rest', /Parquet/],
    ['XML', '<?xml version="1.0"?>', /XML or HTML/],
    ['binary', 'abc\0\x01', /binary data/],
    ['nothing', '', /is empty/],
    ['an empty gzip', gzipSync(''), /is empty/],
  ])('is rejected with its type: %s', async (_what, content, message) => {
    await expect(runImport(file(content), MAPPING)).rejects.toThrow(message);
  });
});
