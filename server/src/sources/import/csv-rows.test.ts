import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { type CsvRow, csvRows, MAX_LINE_LENGTH, MAX_ROW_LINES } from './csv-rows.ts';

async function read(text: string, delimiter = ','): Promise<CsvRow[]> {
  return rowsOf(Readable.from([Buffer.from(text)]), delimiter);
}

async function rowsOf(text: Readable, delimiter: string): Promise<CsvRow[]> {
  const rows: CsvRow[] = [];
  for await (const row of csvRows(text, { delimiter })) rows.push(row);
  return rows;
}

const row = (position: number, ...cells: string[]) => ({ position, cells });
const broken = (position: number) => ({ position, broken: expect.any(String) });

test('quotes, escaped quotes, separators and newlines in cells follow RFC 4180', async () => {
  expect(await read('\uFEFFname,note,v\r\n"a, b","say ""so""",1\r\n"two\r\nlines",,2\r\n\r\nlast, trimmed ,3')).toEqual(
    [
      row(1, 'name', 'note', 'v'),
      row(2, 'a, b', 'say "so"', '1'),
      row(3, 'two\nlines', '', '2'),
      { ...row(6, 'last', 'trimmed', '3'), afterGap: true },
    ],
  );
});

test('a stray quote is a character of its cell and affects neither other cells nor other rows', async () => {
  expect(await read('t,v\n1,"5\n2,6\n3,7')).toEqual([
    row(1, 't', 'v'),
    row(2, '1', '"5'),
    row(3, '2', '6'),
    row(4, '3', '7'),
  ]);
  expect(await read('t,v\n1,5" pipe\n2,6\n3,6" pipe\n4,7')).toEqual([
    row(1, 't', 'v'),
    row(2, '1', '5" pipe'),
    row(3, '2', '6'),
    row(4, '3', '6" pipe'),
    row(5, '4', '7'),
  ]);
  expect(await read('t,v,w\n"1,5,\n2,6,\n3,7",\n4,8,')).toEqual([
    row(1, 't', 'v', 'w'),
    row(2, '"1', '5', ''),
    row(3, '2', '6', ''),
    row(4, '3', '7"', ''),
    row(5, '4', '8', ''),
  ]);
  expect(await read('t,v\n1,"5"x\n="541",6')).toEqual([row(1, 't', 'v'), row(2, '1', '"5"x'), row(3, '="541"', '6')]);
});

test('the number of lines in a cell is limited', async () => {
  const cell = (lines: number) => Array.from({ length: lines }, (_, i) => `line ${i}`).join('\n');
  const table = (lines: number) => read(`t,v\n"${cell(lines)}",1\n2,3`);
  expect(await table(MAX_ROW_LINES)).toEqual([row(1, 't', 'v'), row(2, cell(MAX_ROW_LINES), '1'), row(22, '2', '3')]);
  const beyond = await table(MAX_ROW_LINES + 1);
  expect([beyond[1], beyond.at(-1)]).toEqual([row(2, '"line 0'), row(23, '2', '3')]);
});

test('a line without an end does not fill the memory', async () => {
  const piece = Buffer.from('x'.repeat(MAX_LINE_LENGTH / 2));
  const text = Readable.from([Buffer.from('t,v\n'), ...Array<Buffer>(9).fill(piece), Buffer.from('\n1,2')]);
  expect(await rowsOf(text, ',')).toEqual([row(1, 't', 'v'), broken(2), row(3, '1', '2')]);
});

test('rows of empty cells are rows, also with tabs as separators', async () => {
  expect(await read('t\tv\n\t\n \n1\t2', '\t')).toEqual([
    row(1, 't', 'v'),
    row(2, '', ''),
    { ...row(4, '1', '2'), afterGap: true },
  ]);
});
