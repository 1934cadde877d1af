import type { Readable } from 'node:stream';
import { parse as parseCsv } from 'csv-parse';
import { InvalidInput } from '../../domain/errors.ts';
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
  const parser = parseCsv({
    bom: true,
    delimiter: mapping.delimiter ?? delimiterOf(head),
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    trim: true,
  });
  text.on('error', (error: Error) => parser.destroy(error));
  text.pipe(parser);
  let indexes = mapping.header ? null : indexesOf(mapping.columns_in_order ?? [], wanted, mapping);
  for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: { lines: number } }>) {
    if (indexes === null) indexes = indexesOf(record, wanted, mapping);
    else yield { position: info.lines, cells: indexes.map((index) => record[index]) };
  }
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
