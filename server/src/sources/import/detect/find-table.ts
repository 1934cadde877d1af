import { csvRows } from '../csv-rows.ts';
import { type TimeFormat, timeFormats } from './time-formats.ts';

export interface Table {
  readonly delimiter: string;
  /** null for a table without a header. */
  readonly names: readonly string[] | null;
  readonly rows: readonly (readonly string[])[];
  readonly times: Times;
}

export interface Times extends TimeFormat {
  readonly indexes: readonly number[];
  /** Another format that matches every text. */
  readonly rival: string | null;
}

export const DELIMITERS = [',', ';', '\t', '|'];
const MAX_HEADER_ROWS = 200;
const MAX_SAMPLE_ROWS = 300;
/** Maximum number of columns that are considered. */
export const MAX_COLUMNS = 200;
const PARTS_OF_TIME = ['Year', 'Month', 'Day', 'Hour', 'Minute'];

/** The first table in a text that has a time and numbers; the last row may be truncated. */
export async function tableIn(head: string, delimiter: string): Promise<Table | null> {
  const rows: (readonly string[])[] = [];
  for await (const row of csvRows(chunks(head), { delimiter }))
    if ('cells' in row && row.cells.some((cell) => cell !== '')) rows.push(row.cells.map(formulaText));
  for (let at = 0; at < Math.min(rows.length, MAX_HEADER_ROWS); at++) {
    const names = rows[at]!;
    if (names.length < 2 || names.length > MAX_COLUMNS) continue;
    const isHeader = !names.some((cell) => isNumber(cell));
    const body = rows.slice(isHeader ? at + 1 : at, at + MAX_SAMPLE_ROWS);
    const end = body.findIndex((row) => row.length !== names.length);
    const sample = end < 0 ? body : body.slice(0, end);
    if (sample.length === 0) continue;
    const times = (isHeader ? partsOfTime(names, sample) : null) ?? timesIn(sample);
    if (times !== null) return { delimiter, names: isHeader ? names : null, rows: sample, times };
  }
  return null;
}

async function* chunks(text: string): AsyncGenerator<string> {
  // The last line may be truncated.
  const end = text.lastIndexOf('\n');
  yield end < 0 || text.length < 1000 ? text : text.slice(0, end);
}

function formulaText(cell: string): string {
  return cell.replace(/^="(.*)"$/s, '$1');
}

/** Year, month, day, hour and minute in separate columns. */
function partsOfTime(names: readonly string[], rows: readonly (readonly string[])[]): Times | null {
  const indexes = PARTS_OF_TIME.map((part) => names.findIndex((name) => name.toLowerCase() === part.toLowerCase()));
  if (indexes.includes(-1)) return null;
  const [found] = timeFormats(
    rows.map((row) => indexes.map((index) => row[index]).join(' ')),
    ['yyyy M d H m'],
  );
  return found === undefined ? null : { ...found, indexes, rival: null };
}

/** The column of times, or the two columns of date and time of day. */
export function timesIn(rows: readonly (readonly string[])[]): Times | null {
  const width = rows[0]!.length;
  const textsOf = (...indexes: number[]) =>
    rows.map((row) => indexes.map((index) => row[index]).join(' ')).slice(0, MAX_SAMPLE_ROWS);
  for (let index = 0; index < width; index++) {
    const [found, rival] = timeFormats(textsOf(index));
    if (found === undefined) continue;
    if (found.isDay) {
      for (let clock = 0; clock < width; clock++) {
        if (clock === index || !rows.every((row) => /\d:\d\d|^\d{4}$/.test(row[clock]!))) continue;
        const [both, other] = timeFormats(textsOf(index, clock));
        if (both !== undefined) return { ...both, indexes: [index, clock], rival: rivalOf(both, other) };
      }
    }
    return { ...found, indexes: [index], rival: rivalOf(found, rival) };
  }
  return null;
}

function rivalOf(found: TimeFormat, other: TimeFormat | undefined): string | null {
  const differs = other?.steps === found.steps && other.instants.some((instant, i) => instant !== found.instants[i]);
  return differs ? other.format : null;
}

function isNumber(cell: string): boolean {
  return /^[-+]?\d+([.,]\d+)?$/.test(cell) || /^\d{1,4}[-/.]\d/.test(cell);
}
