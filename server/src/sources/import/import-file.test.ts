import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { exampleMapping, runImport as run } from '../../../test/import/run-import.ts';
import { valueCount } from '../../domain/columns/batch.ts';
import { InvalidInput } from '../../domain/errors.ts';
import { FileClock, SKIPPED_TIME } from './clock.ts';
import { importFile, MAX_VALUES_AT_ONCE_COUNT } from './import-file.ts';
import { diskFile } from './input-file.ts';
import { Mapping, parseMapping } from './mapping.ts';

const folder = mkdtempSync(join(tmpdir(), 'wattkeeper-import-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const MAPPING = `
device: House
timestamp: { column: time }
columns:
  load_w: { metric: load.power_kw, unit: W }
`;

function file(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const CSV =
  'time;load_w\n2026-01-01T00:00:00Z;500\n2026-01-01T00:30:00Z;\n2026-01-01T01:00:00Z;Unknown\n2026-01-01T01:30:00Z;1500\n';

test('columns become metrics in their own unit; gaps remain gaps, and unreadable values are reported with their line', async () => {
  const { report, blocks } = await run(file('a.csv', `\uFEFF${CSV}`), parseMapping(MAPPING, 'm'));
  expect(report).toMatchObject({
    rows: 4,
    counted_by: 'line',
    accepted: 2,
    rejected: 1,
    rejected_by: { not_a_number: { count: 1, positions: [4] } },
    problems: [{ position: 4, detail: 'load_w must be a number; got "Unknown"' }],
    series: [{ device: 'House', metric: 'load.power_kw', values: 2 }],
  });
  expect(blocks).toMatchObject([{ group: 'load', quantities: ['power_kw'], devices: ['House'] }]);
  expect([...(blocks[0]?.columns[0] ?? [])]).toEqual([0.5, Number.NaN, Number.NaN, 1.5]);
});

test('a truncated gzip file is reported, and the rows before the break are imported', async () => {
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

test('the error for a missing column lists the columns of the file', async () => {
  const mapping = parseMapping(MAPPING.replace('load_w', 'laod_w'), 'm');
  await expect(run(file('c.csv', CSV), mapping)).rejects.toThrow('"laod_w", but the file has: time, load_w');
});

test('all errors of a mapping are reported together', () => {
  const broken = 'timestamp: { columm: time }\ncolumns: { a: { metric: load, scale: many } }';
  expect(() => parseMapping(broken, 'm.yaml')).toThrow(/m\.yaml has [3-9] error.*columm.*columns\.a/s);
  expect(() => parseMapping(MAPPING.replace('device: House', ''), 'm')).toThrow(/specify its device/);
});

test('a unit that cannot be converted to the metric’s unit is rejected; the error lists the convertible ones', async () => {
  const mapping = parseMapping(MAPPING.replace('unit: W', 'unit: BTU'), 'm');
  await expect(run(file('d.csv', CSV), mapping)).rejects.toThrow(
    'unit must be one of kW, W, MW to convert to kW; got "BTU"',
  );
});

test('a row without a device belongs to the device of the mapping, and is rejected without one', async () => {
  const path = file('e.csv', 'time,load_w,who\n2026-01-01T00:00Z,500,Barn\n2026-01-01T00:00Z,250,\n');
  const mapping = `${MAPPING}device_column: who`;
  const { values } = await run(path, parseMapping(mapping, 'm'));
  expect([values('Barn', 'load.power_kw')[0]?.value, values('House', 'load.power_kw')[0]?.value]).toEqual([0.5, 0.25]);
  const { report } = await run(path, parseMapping(mapping.replace('device: House', ''), 'm'));
  expect(report).toMatchObject({ accepted: 1, rejected_by: { no_device: { count: 1, positions: [3] } } });
});

test('times outside 1970 to 2199 are rejected', async () => {
  const mapping = parseMapping(MAPPING.replace('column: time', 'column: time, format: epoch_s'), 'm');
  const times = [0, -1, 7_258_118_400, 1e300, 'Infinity', '1e9'];
  const { report } = await run(file('f.csv', `time,load_w\n${times.map((time) => `${time},1`).join('\n')}`), mapping);
  expect(report).toMatchObject({
    accepted: 2,
    last: 1e12,
    rejected_by: { not_a_time: { count: 4, positions: [3, 4, 5, 6] } },
  });
});

test('a building without a header, in local time with daylight saving, in °F', async () => {
  const rows = ['2013-11-03 00:00:00,50', '2013-11-03 01:00:00,41', '2013-11-03 01:00:00,32', '2013-11-03 02:00:00,23'];
  const path = file(
    'g.csv',
    ['2013-03-10 01:00:00,212', '2013-03-10 02:00:00,0', '2013-03-10 03:00:00,59', ...rows].join('\n'),
  );
  const { report, values } = await run(path, exampleMapping('building-temperature-hourly'));
  expect(report).toMatchObject({
    rows: 7,
    ambiguous_times: 2,
    skipped_times: 1,
    rejected_by: { skipped_time: { count: 1, positions: [2] } },
  });
  const degrees = values('Building', 'environment.outdoor_temp_c').map(({ at, value }) => [at, Math.round(value)]);
  expect(degrees).toEqual([
    ['2013-03-10T09:00:00.000Z', 100],
    ['2013-03-10T10:00:00.000Z', 15],
    ['2013-11-03T07:00:00.000Z', 10],
    ['2013-11-03T08:00:00.000Z', 5],
    ['2013-11-03T09:00:00.000Z', 0],
    ['2013-11-03T10:00:00.000Z', -5],
  ]);
});

test('every example is a valid mapping and is listed in the documentation', () => {
  const documentation = readFileSync('docs/import.md', 'utf8');
  const names = readdirSync('docs/examples/mappings');
  expect(names.length).toBeGreaterThan(10);
  for (const name of names) {
    expect(() => exampleMapping(name.replace('.yaml', ''))).not.toThrow();
    expect(documentation).toContain(`| \`${name}\` |`);
  }
});

test('for any bytes, rows are accepted or rejected, or the file is rejected', async () => {
  const cell = fc.oneof(
    fc.string(),
    fc.constantFrom('2026-01-01T00:00Z', '1', '"', '\n', ',', ';', '\uFEFF', '{', '['),
  );
  const content = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.array(cell).map((cells) => `time,load_w\n${cells.join(',')}`),
  );
  await fc.assert(
    fc.asyncProperty(content, async (bytes) => {
      try {
        const { report } = await run(file('fuzz', Buffer.from(bytes as string)), parseMapping(MAPPING, 'm'));
        expect(report.accepted).toBeLessThanOrEqual(report.rows);
      } catch (error) {
        expect(error).toBeInstanceOf(InvalidInput);
      }
    }),
    { numRuns: 300 },
  );
});

describe('a local clock', () => {
  const reader =
    (options: object) =>
    (format: string, timezone: string, ...texts: string[]) => {
      const clock = new FileClock(Mapping.shape.timestamp.parse({ column: 't', format, timezone, ...options }));
      return texts.map((text) => clock.read(text)).map((ms) => (Number.isFinite(ms) ? new Date(ms).toISOString() : ms));
    };
  const read = reader({});
  test('resolves the repeated hour by the order of rows', () => {
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
      Number.NaN,
      Number.NaN,
    ]);
    expect(read('epoch_s', 'UTC', '1700000000')).toEqual(['2023-11-14T22:13:20.000Z']);
    expect(read('iso', 'Europe/Warsaw', '2026-07-01 12:00', '2026-07-01T12:00:00Z')).toEqual([
      '2026-07-01T10:00:00.000Z',
      '2026-07-01T12:00:00.000Z',
    ]);
  });

  test('resolves a repeated hour with one value per occurrence, and files in descending order', () => {
    const hours = ['2022-10-30 01:00', '2022-10-30 02:00', '2022-10-30 02:00', '2022-10-30 03:00'];
    const instants = ['2022-10-29T23:00', '2022-10-30T00:00', '2022-10-30T01:00', '2022-10-30T02:00'];
    const expected = instants.map((instant) => `${instant}:00.000Z`);
    expect(read('iso', 'Europe/Brussels', ...hours)).toEqual(expected);
    expect(read('iso', 'Europe/Brussels', ...hours.toReversed())).toEqual(expected.toReversed());
  });
  test('uses the configured occurrence of an hour that the file has once', () => {
    const once = ['2022-10-30 01:30', '2022-10-30 02:30', '2022-10-30 03:30'];
    expect(reader({ repeated: 'first' })('iso', 'Europe/Brussels', ...once)[1]).toBe('2022-10-30T00:30:00.000Z');
    expect(reader({ repeated: 'second' })('iso', 'Europe/Brussels', ...once)[1]).toBe('2022-10-30T01:30:00.000Z');
  });
  test('keeps the order of each series separate', () => {
    const clock = new FileClock(Mapping.shape.timestamp.parse({ column: 't', timezone: 'Europe/Brussels' }));
    const turns = ['a', 'b', 'a', 'b'].map((series) => new Date(clock.read('2022-10-30 02:00', series)).toISOString());
    expect(turns.map((turn) => turn.slice(11, 16))).toEqual(['00:00', '00:00', '01:00', '01:00']);
    expect(clock.ambiguous).toBe(4);
  });
  test('assigns no instant to times in the skipped hour', () => {
    const texts = ['2022-03-27 01:59', '2022-03-27 02:30', '2022-03-27 03:00', '2022-02-29 00:00'];
    expect(read('iso', 'Europe/Brussels', ...texts)).toEqual([
      '2022-03-27T00:59:00.000Z',
      SKIPPED_TIME,
      '2022-03-27T01:00:00.000Z',
      Number.NaN,
    ]);
  });
  test('supports 24:00, and days that end at 0:00', () => {
    expect(read('d/M/yyyy H:mm', 'UTC', '31/12/2017 24:00', '31/12/2017 24:01')).toEqual([
      '2018-01-01T00:00:00.000Z',
      Number.NaN,
    ]);
    const ends = reader({ midnight: 'end', shift_s: -900 });
    expect(ends('d/M/yyyy H:mm', 'Asia/Seoul', '1/1/2018 0:15', '1/1/2018 0:00', '13/01/2018 23:45')).toEqual([
      '2017-12-31T15:00:00.000Z',
      '2018-01-01T14:45:00.000Z',
      '2018-01-13T14:30:00.000Z',
    ]);
    // The clock changes at the midnight that ends the day: 24:00 of the day before does not exist in Cairo.
    expect(ends('yyyy-MM-dd HH:mm', 'Africa/Cairo', '2024-04-25 00:00')).toEqual([SKIPPED_TIME]);
  });
  test('reads 12-hour times', () => {
    const texts = ['1/2/2026 12:05 AM', '1/2/2026 12:05 PM', '1/2/2026 11:59 pm'];
    expect(read('M/d/yyyy h:mm a', 'UTC', ...texts)).toEqual([
      '2026-01-02T00:05:00.000Z',
      '2026-01-02T12:05:00.000Z',
      '2026-01-02T23:59:00.000Z',
    ]);
  });
});

const INHERITED = Object.getOwnPropertyNames(Object.prototype);

test.each(['inherited.csv', 'inherited.jsonl'])(
  'columns with the names of properties that every object inherits are read from %s',
  async (name) => {
    const columns = INHERITED.map(
      (column) => `  ${column}: { metric: ${column}.${column}, numbers: { ${column}: 7 } }`,
    );
    const mapping = parseMapping(`device: House\ntimestamp: { column: time }\ncolumns:\n${columns.join('\n')}\n`, 'm');
    const cells = INHERITED.map((column): [string, string] => [column, column]);
    const record = [['time', '2026-01-01T00:00:00Z'], ...cells];
    const json = JSON.stringify(Object.fromEntries(record));
    const csv = [0, 1].map((i) => record.map((cell) => cell[i]).join(',')).join('\n');
    const { report, blocks } = await run(file(name, name.endsWith('csv') ? csv : json), mapping);
    expect(report).toMatchObject({ accepted: INHERITED.length, rejected: 0, absent_columns: [] });
    const values = blocks.map(({ group, quantities, columns: [column] }) => [group, ...quantities, column![0]]);
    expect(values.map(String).toSorted()).toEqual(INHERITED.map((column) => `${column},${column},7`).toSorted());
  },
);

test('with a decimal comma, a point before three digits is a thousands separator, and other points are rejected with their line', async () => {
  const rows = ['950,5', '1.234', '12.000', '1.5', '0x10'].map((p, i) => `2026-03-01T0${i}:00:00Z;${p}`);
  const mapping = parseMapping(
    `${MAPPING.replace('column: time', 'column: t').replace('load_w', 'p')}decimal: ","`,
    'm',
  );
  const { report, values } = await run(file('comma.csv', `t;p\n${rows.join('\n')}\n`), mapping);
  expect(values('House', 'load.power_kw').map(({ value }) => value)).toEqual([0.9505, 1.234, 12]);
  expect(report.rejected_by).toEqual({ not_a_number: { count: 2, positions: [5, 6] } });
});

test('a wide file is stored completely, in blocks with a limited number of values', async () => {
  const names = Array.from({ length: 150 }, (_, i) => `c${i}`);
  const row = names.map((_, i) => i).join(',');
  const start = Date.UTC(2026, 2, 1);
  const rows = Array.from({ length: 1000 }, (_, i) => `${new Date(start + i * 60_000).toISOString()},${row}`);
  const mapping = {
    device: 'House',
    timestamp: { column: 'time' },
    columns: Object.fromEntries(names.map((name) => [name, { metric: `load.${name}` }])),
  };
  const pieces: number[] = [];
  const report = await importFile({
    file: await diskFile(file('wide.csv', `time,${names.join(',')}\n${rows.join('\n')}\n`)),
    mapping: parseMapping(JSON.stringify(mapping), 'm'),
    unitOf: () => '',
    sink: async (blocks) => {
      pieces.push(blocks.reduce((sum, block) => sum + valueCount(block), 0));
      return null;
    },
    skipRows: 0,
    onProgress: async () => {},
  });
  expect(report.rows).toBe(1000);
  expect(pieces.reduce((sum, values) => sum + values, 0)).toBe(150_000);
  expect(Math.max(...pieces)).toBeLessThanOrEqual(MAX_VALUES_AT_ONCE_COUNT);
});
