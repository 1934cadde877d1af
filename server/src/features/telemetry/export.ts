import { isoTimes } from '../../domain/time/iso-time.ts';
import type { ExportColumns, ExportRows } from './export-rows.ts';

/** Export formats of history. */
export const EXPORT_FORMATS = {
  csv: { type: 'text/csv; charset=utf-8', encode: toCsv, extension: 'csv' },
  parquet: { type: 'application/vnd.apache.parquet', encode: toParquet, extension: 'parquet' },
  arrow: { type: 'application/vnd.apache.arrow.stream', encode: toArrow, extension: 'arrows' },
} as const;

/** CSV (RFC 4180) with a header, in UTF-8. */
async function* toCsv(
  rows: AsyncIterable<ExportRows>,
  { texts: textNames, numbers: numberNames }: ExportColumns,
): AsyncIterable<string> {
  yield `${['timestamp', ...textNames, ...numberNames].map(quoted).join(',')}\r\n`;
  for await (const { texts, timestamps, numbers } of rows) {
    const middle = `,${texts.map(quoted).join(',')}`;
    const cell = (value: number) => (Number.isNaN(value) ? ',' : `,${value}`);
    const lines = isoTimes(timestamps).map(
      (time, i) => `${time}${middle}${numbers.map((column) => cell(column[i]!)).join('')}\r\n`,
    );
    yield lines.join('');
  }
}

/** Prevents a spreadsheet from reading a name as a formula, and a comma or quote from ending the field. */
function quoted(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

// Both libraries are large, and few installations export.
async function* toParquet(rows: AsyncIterable<ExportRows>, columns: ExportColumns): AsyncIterable<Uint8Array> {
  yield* (await import('./parquet-export.ts')).toParquet(rows, columns);
}

async function* toArrow(rows: AsyncIterable<ExportRows>, columns: ExportColumns): AsyncIterable<Uint8Array> {
  yield* (await import('./arrow-export.ts')).toArrow(rows, columns);
}
