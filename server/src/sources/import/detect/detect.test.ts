import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { runImport } from '../../../../test/import/run-import.ts';
import { diskFile } from '../input-file.ts';
import { parseMapping } from '../mapping.ts';
import { detectMapping } from './detect.ts';

const folder = mkdtempSync(join(tmpdir(), 'wattkeeper-detect-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
async function detected(content: string | Buffer, timezone = 'Europe/Berlin') {
  const path = join(folder, `House ${files++}.csv`);
  writeFileSync(path, content);
  const { mapping, notes } = await detectMapping(await diskFile(path), { timezone });
  const parsed = parseMapping(stringify(mapping), 'm');
  const { report, blocks } = await runImport(path, parsed);
  const first = new Map(
    blocks.flatMap(({ group, quantities, columns }) =>
      quantities.map((quantity, i) => [`${group}.${quantity}`, [...columns[i]!][0]] as const),
    ),
  );
  return {
    mapping: parsed,
    notes,
    report,
    first: Object.fromEntries(first),
    at: new Date(report.first!).toISOString(),
  };
}

test.each<[exporter: string, lines: readonly string[], at: string, first: Record<string, number>]>([
  [
    'a utility with a preamble and a 12-hour clock',
    [
      '"Name : A B",,,',
      ',,,',
      '"Meter Number","Date","Start Time","Consumed (kWh)"',
      '"000001","10/25/2025",11:00:00 PM,"0.34"',
      '"000001","10/26/2025",12:00:00 PM,"0.35"',
      '"000001","10/26/2025",1:00:00 PM,"0.25"',
    ],
    '2025-10-25T21:00:00.000Z',
    { 'load.interval_kwh': 0.34 },
  ],
  [
    'a Belgian grid operator: one row per register',
    [
      'Van (datum);Van (tijdstip);EAN-code;Register;Volume;Eenheid',
      '25-10-2025;12:00:00;="541";Afname Nacht;0,125;kWh',
      '25-10-2025;12:00:00;="541";Injectie Nacht;;kWh',
      '25-10-2025;12:15:00;="541";Afname Nacht;0,250;kWh',
      '25-10-2025;12:15:00;="541";Injectie Nacht;;kWh',
    ],
    '2025-10-25T10:00:00.000Z',
    { 'grid.imported_interval_kwh': 0.125 },
  ],
  [
    'a meter in Germany',
    [
      'Zeitpunkt;Zählerstand Bezug (kWh)',
      '01.03.2026 00:00;12.345,5',
      '01.03.2026 00:15;12.345,75',
      '01.03.2026 00:30;12.346,25',
    ],
    '2026-02-28T23:00:00.000Z',
    { 'grid.energy_imported_kwh': 12_345.5 },
  ],
  [
    'an inverter in watts',
    [
      'sep=;',
      'Time;PV Power(W);Battery Power (W);SoC',
      '2026-03-01 10:00:00;1200;-300;55',
      '2026-03-01 10:05:00;1250;-310;54',
    ],
    '2026-03-01T09:00:00.000Z',
    { 'solar.power_kw': 1.2, 'battery.power_kw': -0.3, 'battery.soc_percent': 55 },
  ],
  [
    'prices',
    ['time,Price (EUR/MWh)', '2026-03-01T00:00:00+01:00,85.5', '2026-03-01T01:00:00+01:00,-2'],
    '2026-02-28T23:00:00.000Z',
    { 'price.import_per_kwh': 0.0855 },
  ],
  [
    'temperatures',
    ['dt,tempF', '2026-03-01T00:00:00Z,50', '2026-03-01T01:00:00Z,41'],
    '2026-03-01T00:00:00.000Z',
    { 'weather.temperature_c': 10 },
  ],
  [
    'epochs',
    ['ts,Consumption kW', '1772323200000,1.5', '1772323260000,1.25'],
    '2026-03-01T00:00:00.000Z',
    { 'load.power_kw': 1.5 },
  ],
  [
    'a column for each slot',
    ['Meter,Date,00:00,06:00,12:00,18:00', 'M,29/03/2026,6,2,3,4', 'M,30/03/2026,6,2,3,4'],
    '2026-03-28T23:00:00.000Z',
    { 'load.interval_kwh': 6 },
  ],
  [
    'NEM12',
    ['100,NEM12,202603020000,X,Y', '200,NMI,E1,E1,E1,1,m1,kWh,30,', '300,20260301,0.1,0.2,0.3,0.4,A,,,20260302'],
    '2026-02-28T14:00:00.000Z',
    { 'grid.imported_interval_kwh': 0.1 },
  ],
  [
    'separate columns for date parts',
    ['Year,Month,Day,Hour,Minute,Temperature', '2026,3,1,0,0,4.5', '2026,3,1,0,30,4'],
    '2026-02-28T23:00:00.000Z',
    { 'weather.temperature_c': 4.5 },
  ],
  [
    'a table without a header',
    ['2026-03-01 00:00:00,1.5', '2026-03-01 00:15:00,nan', '2026-03-01 00:30:00,2.5'],
    '2026-02-28T23:00:00.000Z',
    { 'imported.value2': 1.5 },
  ],
])('a mapping for %s is detected and reads the whole file', async (_exporter, lines, at, first) => {
  const run = await detected(`${lines.join('\r\n')}\r\n`);
  expect(run.report).toMatchObject({ rejected: 0 });
  expect(run.at).toBe(at);
  for (const [metric, value] of Object.entries(first))
    expect([metric, run.first[metric]]).toEqual([metric, expect.closeTo(value, 9)]);
  expect(Object.keys(run.first).toSorted()).toEqual(Object.keys(first).toSorted());
});

test('UTF-16 is detected', async () => {
  const run = await detected(
    Buffer.from('\ufeffTime\tSolar (kW)\r\n2026-03-01 00:00\t1.5\r\n2026-03-01 00:05\t1.25\r\n', 'utf16le'),
  );
  expect(run.first).toEqual({ 'solar.power_kw': 1.5 });
});

test('days that end at 0:00 are detected', async () => {
  const clock = (i: number) => `1/3/2026 ${Math.floor(i / 4) % 24}:${String((i % 4) * 15).padStart(2, '0')}`;
  const rows = Array.from({ length: 96 }, (_, i) => `${clock(i + 1)},${i % 7}`);
  const run = await detected(`date,Usage_kWh\n${rows.join('\n')}\n2/3/2026 0:15,1\n`);
  expect(run.mapping.timestamp).toMatchObject({ midnight: 'end', shift_s: -900 });
  expect(run.report.series).toMatchObject([{ interval_ms: 900_000, out_of_order: 0, duplicates: 0 }]);
});

test('ambiguous numbers and dates are reported, and the numbers rejected rather than guessed', async () => {
  const run = await detected('time;p\n01/02/2026;1,234\n02/03/2026;2,345\n');
  expect(run.notes.join()).toMatch(/ambiguous.*check number_format.*also match the format M\/d\/yyyy/s);
  expect(run.report).toMatchObject({ accepted: 0, rejected: 2 });
});

test('a file without a table is rejected', async () => {
  await expect(detected('some text\nand more\n')).rejects.toThrow('no table with a time and numbers');
});

test('a wide file without a column of times is rejected without testing every format on every cell', async () => {
  const rows = Array.from({ length: 150 }, (_, i) =>
    Array.from({ length: 190 }, (_, j) => `n${i}x${j * 11}`).join(','),
  );
  await expect(detected(rows.join('\n'))).rejects.toThrow('no table with a time and numbers');
});
