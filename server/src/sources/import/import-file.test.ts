import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { describeWith } from '../../../test/needs.ts';
import type { Block } from '../../domain/batch.ts';
import { MetricCatalogue } from '../../domain/metric-catalogue.ts';
import { FileClock } from './clock.ts';
import { importFile } from './import-file.ts';
import { type Mapping, parseMapping } from './mapping.ts';

const folder = mkdtempSync(join(tmpdir(), 'wattkeeper-import-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const catalogue = new MetricCatalogue();
const MAPPING = `
device: House
timestamp: { column: time }
columns:
  load_w: { metric: load.power_kw, unit: W }
`;

async function run(path: string, mapping: Mapping, skipRows = 0) {
  const blocks: Block[] = [];
  const report = await importFile({
    path,
    mapping,
    unitOf: (metric) => catalogue.describe(metric).unit,
    sink: async (given) => {
      blocks.push(...given);
      return { accepted: 0, rejected: 0, quarantined: 0 };
    },
    skipRows,
    onProgress: async () => {},
  });
  return { report, blocks };
}

function file(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const CSV =
  'time;load_w\n2026-01-01T00:00:00Z;500\n2026-01-01T00:30:00Z;\n2026-01-01T01:00:00Z;Unknown\n2026-01-01T01:30:00Z;1500\n';

test('columns become metrics in their own unit; gaps stay gaps, and what cannot be read is told with its line', async () => {
  const { report, blocks } = await run(file('a.csv', `\uFEFF${CSV}`), parseMapping(MAPPING, 'm'));
  expect(report).toMatchObject({ rows: 4, values: { load_w: 2 }, rejected: 1, problems: [{ line: 4 }] });
  expect(blocks).toMatchObject([{ group: 'load', quantities: ['power_kw'], devices: ['House'] }]);
  expect([...(blocks[0]?.columns[0] ?? [])]).toEqual([0.5, Number.NaN, Number.NaN, 1.5]);
});

test('a truncated gzip says so, and the rows before the break are taken', async () => {
  const rows = Array.from(
    { length: 30_000 },
    (_, i) => `${new Date(1.7e12 + i * 60_000).toISOString()},${Math.sin(i)}`,
  );
  const whole = gzipSync(`time,load_w\n${rows.join('\n')}\n`);
  const path = file('b.csv.gz', whole.subarray(0, whole.length - 5000));
  await expect(run(path, parseMapping(MAPPING, 'm'))).rejects.toThrow(
    /cannot be read to its end: unexpected end of file; the \d+ rows/,
  );
});

test('a mapped column that the file lacks is named beside those that it has', async () => {
  const mapping = parseMapping(MAPPING.replace('load_w', 'laod_w'), 'm');
  await expect(run(file('c.csv', CSV), mapping)).rejects.toThrow('"laod_w", but the file has: time, load_w');
});

test('a mapping tells all its errors at once', () => {
  const broken = 'timestamp: { columm: time }\ncolumns: { a: { metric: load, scale: many } }';
  expect(() => parseMapping(broken, 'm.yaml')).toThrow(/m\.yaml has [3-9] error.*columm.*columns\.a/s);
  expect(() => parseMapping(MAPPING.replace('device: House', ''), 'm')).toThrow(/name a device/);
});

test('a unit that cannot become the metric’s is refused with those that can', async () => {
  const mapping = parseMapping(MAPPING.replace('unit: W', 'unit: BTU'), 'm');
  await expect(run(file('d.csv', CSV), mapping)).rejects.toThrow(
    'unit must be one of kW, W, MW to become kW; got "BTU"',
  );
});

describe('a local clock', () => {
  const read = (format: string, timezone: string, ...texts: string[]) => {
    const clock = new FileClock({ column: 't', format, timezone });
    return texts.map((text) => clock.read(text)).map((ms) => (Number.isNaN(ms) ? null : new Date(ms).toISOString()));
  };
  test('resolves the hour that autumn repeats by the order of rows', () => {
    const texts = [
      '25.10.2026 01:30',
      '25.10.2026 02:00',
      '25.10.2026 02:30',
      '25.10.2026 02:00',
      '25.10.2026 02:30',
      '25.10.2026 03:00',
    ];
    expect(read('d.M.yyyy HH:mm', 'Europe/Warsaw', ...texts)).toEqual(
      [
        '2026-10-24T23:30',
        '2026-10-25T00:00',
        '2026-10-25T00:30',
        '2026-10-25T01:00',
        '2026-10-25T01:30',
        '2026-10-25T02:00',
      ].map((time) => `${time}:00.000Z`),
    );
  });
  test('reads the patterns of real files', () => {
    expect(read('ddMMMyyyy HH:mm:ss', 'Europe/Brussels', '01jan2022 00:00:00')).toEqual(['2021-12-31T23:00:00.000Z']);
    expect(read('M/d/yy H:mm', 'UTC', '1/13/17 0:10', '13/1/17 0:10', 'soon')).toEqual([
      '2017-01-13T00:10:00.000Z',
      null,
      null,
    ]);
    expect(read('epoch_s', 'UTC', '1700000000')).toEqual(['2023-11-14T22:13:20.000Z']);
    expect(read('iso', 'Europe/Warsaw', '2026-07-01 12:00', '2026-07-01T12:00:00Z')).toEqual([
      '2026-07-01T10:00:00.000Z',
      '2026-07-01T12:00:00.000Z',
    ]);
  });
});

describeWith('REAL_DATA', 'a real house', (data) => {
  // Counted and summed with Python's csv module: values that are there, watts × 0.5 h / 1000.
  test('comes in whole, with its gaps', async () => {
    const { readFileSync } = await import('node:fs');
    const mapping = parseMapping(readFileSync('docs/examples/mappings/home-year-30min.yaml', 'utf8'), 'house');
    const { report, blocks } = await run(join(data, 'home/home-year-30min.csv.gz'), mapping);
    expect(report).toMatchObject({
      rows: 17_524,
      rejected: 0,
      values: { load_w: 17_188, pv_w: 8743, pv_forecast_w: 6772 },
    });
    const sum = (group: string, quantity: string) =>
      blocks
        .filter((block) => block.group === group)
        .flatMap((block) => [...(block.columns[block.quantities.indexOf(quantity)] ?? [])])
        .reduce((total, kw) => total + (Number.isNaN(kw) ? 0 : kw * 0.5), 0);
    expect(sum('load', 'power_kw')).toBeCloseTo(7674.2707, 6);
    expect(sum('solar', 'power_kw')).toBeCloseTo(5203.46965, 6);
  });
});
