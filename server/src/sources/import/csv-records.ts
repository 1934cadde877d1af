import type { Readable } from 'node:stream';
import { InvalidInput } from '../../domain/errors.ts';
import { type CsvRow, csvRows } from './csv-rows.ts';
import type { FileRecord } from './file-record.ts';
import { type Mapping, timestampColumns } from './mapping.ts';

const SEPARATORS = [',', ';', '\t', '|'];

/** Rows of a table with the wanted columns only. */
export async function* csvRecords(
  text: Readable,
  mapping: Mapping,
  wanted: readonly string[],
  head: string,
): AsyncGenerator<FileRecord> {
  let indexes = mapping.header ? null : indexesOf(mapping.columns_in_order ?? [], wanted, mapping);
  for await (const row of csvRows(text, mapping.delimiter ?? delimiterOf(head))) {
    if (indexes === null) indexes = indexesOf(headerOf(row), wanted, mapping);
    else if ('broken' in row) yield row;
    else yield { position: row.position, cells: indexes.map((index) => row.cells[index]) };
  }
}

function headerOf(row: CsvRow): readonly string[] {
  if ('cells' in row) return row.cells;
  throw new InvalidInput(`the names of the columns in line ${row.position} cannot be read: ${row.broken}`);
}

function indexesOf(names: readonly string[], wanted: readonly string[], mapping: Mapping): number[] {
  return wanted.map((name) => {
    const index = names.indexOf(name);
    if (index >= 0) return index;
    throw new InvalidInput(
      `${whereNamed(name, mapping)} names the column "${name}", but the file has: ${names.join(', ')}`,
    );
  });
}

function whereNamed(name: string, { timestamp, device_column: device, columns }: Mapping): string {
  if (timestampColumns(timestamp).includes(name)) return 'timestamp.column';
  if (device === name) return 'device_column';
  return Object.hasOwn(columns, name) ? 'columns' : 'long';
}

/** The separator that stands most often in the first line. */
function delimiterOf(head: string): string {
  const line = head.split('\n')[0] ?? '';
  const counts = SEPARATORS.map((separator) => [separator, line.split(separator).length] as const);
  return counts.reduce((best, next) => (next[1] > best[1] ? next : best))[0];
}
