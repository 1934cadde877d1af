import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { runImport } from '../../../test/import/run-import.ts';
import { FileClock } from './clock.ts';
import { MAX_PREAMBLE_ROWS } from './csv-records.ts';
import { Mapping, parseMapping } from './mapping.ts';

const folder = mkdtempSync(join(tmpdir(), 'wattkeeper-tables-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
function imported(content: string | Buffer, mapping: string) {
  const path = join(folder, `${files++}.csv`);
  writeFileSync(path, content);
  return runImport(path, parseMapping(mapping, 'm'));
}

const POWER = 'device: House\ntimestamp: { column: t }\ncolumns: { p: { metric: load.power_kw } }\n';
const LOAD = ['House', 'load.power_kw'] as const;
const values = ({ values: of }: Awaited<ReturnType<typeof imported>>) =>
  of(...LOAD).map(({ at, value }) => [at.slice(0, 16), value]);

test('a table after a preamble is read in local time', async () => {
  const text = [
    '"Name : A B",,,,',
    '"Account Number: 123",,,,',
    '"Total Usage: 5.495",,,,',
    ',,,,',
    '"Meter Number","Date","Start Time","Duration","Consumed"',
    '"000001","10/25/2025",11:00:00 PM,"Hour","0.34"',
    '"000001","10/26/2025",12:00:00 AM,"Hour","0.35"',
    '"000001","10/26/2025",12:00:00 PM,"Hour","-2.15400000000000"',
  ].join('\r\n');
  const run = await imported(
    text,
    `device: House
timestamp: { column: [Date, Start Time], format: "MM/dd/yyyy hh:mm:ss a", timezone: America/Los_Angeles }
columns: { Consumed: { metric: load.power_kw } }`,
  );
  expect(run.report).toMatchObject({ rows: 3, rejected: 0, outside_rows: 0 });
  expect(values(run)).toEqual([
    ['2025-10-26T06:00', 0.34],
    ['2025-10-26T07:00', 0.35],
    ['2025-10-26T19:00', -2.154],
  ]);
});

test('the separator declared in the first line is used, and that of the table if the preamble has others', async () => {
  expect(values(await imported('sep=|\nt|p\n2026-01-01T00:00Z|1\n', POWER))).toEqual([['2026-01-01T00:00', 1]]);
  const preamble = 'Report, for, you, and, others\n\nt;p\n2026-01-01T00:00Z;1\n';
  expect(values(await imported(preamble, POWER))).toEqual([['2026-01-01T00:00', 1]]);
});

test('of several tables in a file, those with the mapped columns are read, in any order of columns; rows of others are counted', async () => {
  const text = [
    'p,t',
    '1,2026-01-01T00:00Z',
    '',
    'Note,Author',
    'checked,me',
    'again,2026-01-01T00:10Z',
    '',
    't,q,p',
    '2026-01-01T01:00Z,x,2',
    't,q,p',
    '2026-01-01T02:00Z,x,3',
    ',,',
    '2026-01-01T03:00Z,x,4',
  ].join('\n');
  const run = await imported(text, POWER);
  expect(values(run)).toEqual([
    ['2026-01-01T00:00', 1],
    ['2026-01-01T01:00', 2],
    ['2026-01-01T02:00', 3],
    ['2026-01-01T03:00', 4],
  ]);
  expect(run.report).toMatchObject({ rows: 4, rejected: 0, outside_rows: 3 });
});

test('annotated CSV of InfluxDB is read with all its tables', async () => {
  const table = (id: number, value: string) =>
    `#group,false,false,true,false,true\n#datatype,string,long,dateTime:RFC3339,double,string\n#default,_result,,,,\n,result,table,_time,_value,_field\n,,${id},2026-01-01T0${id}:00:00Z,${value},power\n`;
  const run = await imported(
    `${table(0, '1.5')}\n${table(1, '2.5')}`,
    'device: House\ntimestamp: { column: _time }\nlong: { metric_column: _field, value_column: _value, metrics: { power: { metric: load.power_kw } } }',
  );
  expect(values(run)).toEqual([
    ['2026-01-01T00:00', 1.5],
    ['2026-01-01T01:00', 2.5],
  ]);
  expect(run.report).toMatchObject({ rows: 2, rejected: 0, outside_rows: 3 });
});

test('an ambiguous column name is reported, and the column can be selected by its position', async () => {
  const text = 't,p,p\n2026-01-01T00:00Z,1,2\n';
  await expect(imported(text, POWER)).rejects.toThrow(
    'columns names the column "p", but the file has 2 with that name: select one by its position, #2 or #3',
  );
  expect(values(await imported(text, POWER.replace('p: { m', '"#3": { m')))).toEqual([['2026-01-01T00:00', 2]]);
});

test('a file in which no row has the mapped columns is rejected with the nearest row', async () => {
  await expect(imported('a report\nt;q\n2026-01-01T00:00Z;1\n', POWER)).rejects.toThrow('"p", but the file has: t, q');
  const long = `${'x,y\n'.repeat(MAX_PREAMBLE_ROWS + 1)}t,p\n2026-01-01T00:00Z,1\n`;
  await expect(imported(long, POWER)).rejects.toThrow('but the file has: x, y');
  expect(values(await imported(long, `${POWER}skip_lines: ${MAX_PREAMBLE_ROWS}`))).toEqual([['2026-01-01T00:00', 1]]);
});

test('a stray quote in an unmapped column has no effect', async () => {
  const rows = ['02:00:00;="541";0,125', '02:15:00;="541;0,250', '02:00:00;5"41";0,375', '02:15:00;"5"4;""'];
  const run = await imported(
    `Van (datum);Van (tijdstip);EAN-code;Volume\n${rows.map((row) => `25-10-2026;${row}`).join('\n')}\n`,
    `device: House
decimal: ","
timestamp: { column: [Van (datum), Van (tijdstip)], format: "dd-MM-yyyy HH:mm:ss", timezone: Europe/Brussels }
columns: { Volume: { metric: load.power_kw } }`,
  );
  expect(values(run)).toEqual([
    ['2026-10-25T00:00', 0.125],
    ['2026-10-25T00:15', 0.25],
    ['2026-10-25T01:00', 0.375],
  ]);
  expect(run.report.rejected).toBe(0);
});

test.each([
  ['utf-16le', Buffer.from('\ufefft\tZähler €\n2026-01-01T00:00Z\t1\n', 'utf16le')],
  ['utf-16le without a mark', Buffer.from('t\tZähler €\n2026-01-01T00:00Z\t1\n', 'utf16le')],
  ['utf-16be', Buffer.from('\ufefft\tZähler €\n2026-01-01T00:00Z\t1\n', 'utf16le').swap16()],
  ['utf-8', Buffer.from('t\tZähler €\n2026-01-01T00:00Z\t1\n')],
  ['windows-1252', Buffer.from('t\tZ\xe4hler \x80\n2026-01-01T00:00Z\t1\n', 'latin1')],
])('text in %s is read', async (_encoding, bytes) => {
  expect(values(await imported(bytes, POWER.replace('p: { m', 'Zähler €: { m')))).toEqual([['2026-01-01T00:00', 1]]);
});

test('text in Windows-1252 is detected after 100 kB of ASCII; another encoding can be specified', async () => {
  const rows = Array.from({ length: 8000 }, (_, i) => `${1_767_225_600 + i * 60},House,1`);
  const mapping = `${POWER.replace('column: t', 'column: t, format: epoch_s')}device_column: d\n`;
  const run = await imported(Buffer.from(`t,d,p\n${rows.join('\n')}\n1768000000,B\xfcro,2\n`, 'latin1'), mapping);
  expect(run.values('Büro', 'load.power_kw')).toHaveLength(1);
  const polish = await imported(
    Buffer.from('t,d,p\n1768000000,Gda\xf1sk,2\n', 'latin1'),
    `${mapping}encoding: iso-8859-2`,
  );
  expect(polish.values('Gdańsk', 'load.power_kw')).toHaveLength(1);
  expect(() => parseMapping(`${mapping}encoding: klingon`, 'm')).toThrow('must be an encoding such as utf-16le');
});

test('a column for each slot: a row is a day in local time', async () => {
  const mapping = `device: House
timestamp: { column: Date, format: d/M/yyyy, timezone: Europe/Warsaw }
slots: { first: "00:00", count: 4, minutes: 360 }
columns: { slot: { metric: load.power_kw } }`;
  const run = await imported('Date,00:00,06:00,12:00,18:00,Sum\n29/3/2026,1,2,,4,7\n30/3/2026,5,x,7,8,9\n', mapping);
  expect(values(run)).toEqual([
    ['2026-03-28T23:00', 1],
    ['2026-03-29T04:00', 2],
    ['2026-03-29T16:00', 4],
    ['2026-03-29T22:00', 5],
    ['2026-03-30T10:00', 7],
    ['2026-03-30T16:00', 8],
  ]);
  expect(run.report.rejected_by).toEqual({ not_a_number: { count: 1, positions: [3] } });
  expect(() => parseMapping(mapping.replace('count: 4', 'count: 5'), 'm')).toThrow('longer than a day');
});

test('NEM12: registers of meters in slots of a day; a broken record affects no other', async () => {
  const day = (value: string) => `300,20260301,${value},A,,,20260302`;
  const run = await imported(
    [
      '100,NEM12,202603020000,X,Y',
      '200,NMI,E1B1,E1,E1,1,m1,kWh,30,',
      day('0.1,0.2,0.3,0.4'),
      '400,1,4,A,,',
      '200,NMI,E1B1,B1,B1,1,m1,Wh,15,',
      day('7,8'),
      '300,20260302,9,9,N,,,',
      '200,NMI,,,,,,kWh,7,',
      day('1'),
      '900',
    ].join('\n'),
    `format: nem12
device_column: nmi
timestamp: { column: time, format: "yyyyMMdd HH:mm", timezone: Australia/Brisbane }
long:
  metric_column: register
  value_column: value
  unit_column: unit
  metrics: { E1: { metric: load.energy_kwh }, B1: { metric: solar.energy_kwh } }`,
  );
  const of = (metric: string) => run.values('NMI', metric).map(({ at, value }) => [at.slice(0, 16), value]);
  expect(of('load.energy_kwh')).toEqual([
    ['2026-02-28T14:00', 0.1],
    ['2026-02-28T14:30', 0.2],
    ['2026-02-28T15:00', 0.3],
    ['2026-02-28T15:30', 0.4],
  ]);
  expect(of('solar.energy_kwh')).toEqual([
    ['2026-02-28T14:00', 0.007],
    ['2026-02-28T14:15', 0.008],
  ]);
  expect(run.report.rejected_by).toEqual({ unreadable: { count: 2, positions: [8, 9] } });
});

test.each([
  ['epoch_us', '1700000000123456', '2023-11-14T22:13:20.123Z'],
  ['epoch_ns', '1700000000123456789', '2023-11-14T22:13:20.123Z'],
  ['epoch_s', '0x10', 'Invalid Date'],
  ["yyyy-MM-dd'T'HH:mm:ss.SSSXXX", '2026-03-01T00:00:00.250+05:30', '2026-02-28T18:30:00.250Z'],
  ['dd/MM/yyyy HH:mm:ss Z', '01/03/2026 00:00:00 -0800', '2026-03-01T08:00:00.000Z'],
  ['dd/MM/yyyy HH:mm X', '01/03/2026 00:00 Z', '2026-03-01T00:00:00.000Z'],
  ['EEE, d MMM yyyy h:mm a', 'Sun, 1 Mar 2026 1:05 p.m.', '2026-03-01T13:05:00.000Z'],
])('times of the format %s are read', (format, text, instant) => {
  const clock = new FileClock(Mapping.shape.timestamp.parse({ column: 't', format }));
  const at = clock.read(text);
  expect(Number.isNaN(at) ? 'Invalid Date' : new Date(at).toISOString()).toBe(instant);
});

test.each([
  ['de', ['1. Mär. 2026', '1. März 2026', '1. MÄRZ 2026', '1. Dez 2026', '1. Sept. 2026']],
  ['pl', ['1. marca 2026', '1. marzec 2026', '1. mar 2026', '1. gru 2026', '1. września 2026']],
  ['fr', ['1. mars 2026', '1. Mars 2026', '1. mars 2026', '1. déc. 2026', '1. septembre 2026']],
  ['en', ['1. Mar 2026', '1. March 2026', '1. mar. 2026', '1. Dec 2026', '1. Sept 2026']],
])('names of months are read in %s', (language, texts) => {
  const clock = new FileClock(Mapping.shape.timestamp.parse({ column: 't', format: 'd. MMM yyyy', language }));
  expect(texts.map((text) => new Date(clock.read(text)).getUTCMonth() + 1)).toEqual([3, 3, 3, 12, 9]);
  expect(clock.read('1. ju 2026')).toBeNaN();
});
