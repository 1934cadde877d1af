import { CsvError } from 'csv-parse';
import { parse } from 'csv-parse/sync';
import { decodedText } from './text-decoding.ts';

/**
 * A row of a table, or the reason why it cannot be read; `position` is its first line in the file, from 1. `afterGap`: it follows an empty line.
 */
export type CsvRow =
  | { readonly position: number; readonly cells: readonly string[]; readonly afterGap?: true }
  | { readonly position: number; readonly broken: string };

interface Line {
  readonly position: number;
  /** null for a line that exceeds the limit. */
  readonly text: string | null;
  readonly hasOpenQuote: boolean;
  readonly afterGap: boolean;
}

/** Maximum number of lines in a quoted cell; beyond it the opening quote is treated as a stray one. */
export const MAX_ROW_LINES = 20;
/** Maximum line length in characters; a file with longer lines is not a table. */
export const MAX_LINE_LENGTH = 1_048_576;

/**
 * Yields the rows of a CSV text (RFC 4180). A quote that does not open a quoted cell is a character of its cell: it swallows neither the
 * following cells nor the following rows. A row over several lines must have as many cells as the first row.
 */
export async function* csvRows(
  text: AsyncIterable<Uint8Array | string>,
  { delimiter, encoding }: { readonly delimiter: string; readonly encoding?: string | undefined },
): AsyncGenerator<CsvRow> {
  const reader = new RowReader(delimiter);
  for await (const lines of linesOf(decodedText(text, encoding), delimiter)) yield* reader.take(lines);
  yield* reader.end();
}

class RowReader {
  readonly #delimiter: string;
  #waiting: readonly Line[] = [];
  #width: number | null = null;

  constructor(delimiter: string) {
    this.#delimiter = delimiter;
  }

  *take(lines: readonly Line[], isEnd = false): Generator<CsvRow> {
    const all = [...this.#waiting, ...lines];
    let simple: Line[] = [];
    let at = 0;
    while (at < all.length) {
      const line = all[at]!;
      if (!line.hasOpenQuote) {
        simple.push(line);
        at++;
        continue;
      }
      const limit = Math.min(all.length, at + MAX_ROW_LINES);
      const last = closingQuote(all.slice(at, limit), this.#delimiter, at);
      if (last < 0 && !isEnd && limit === all.length && all.length < at + MAX_ROW_LINES) break;
      yield* this.#simple(simple);
      simple = [];
      const cells = last < 0 ? null : this.#parse(all.slice(at, last + 1));
      const fits = Array.isArray(cells) && (this.#width === null || cells.length === this.#width);
      yield fits ? this.#row(line, cells) : this.#unquoted(line);
      at = fits ? last + 1 : at + 1;
    }
    this.#waiting = all.slice(at);
    yield* this.#simple(simple);
  }

  *end(): Generator<CsvRow> {
    yield* this.take([], true);
  }

  /** Rows of one line each, parsed together if none has an error. */
  *#simple(lines: readonly Line[]): Generator<CsvRow> {
    const rows = this.#parseAll(lines);
    if (Array.isArray(rows) && rows.length === lines.length) {
      for (const [i, line] of lines.entries()) yield this.#row(line, rows[i]!);
      return;
    }
    for (const line of lines) {
      const cells = this.#parse([line]);
      yield typeof cells === 'string' ? this.#unquoted(line) : this.#row(line, cells);
    }
  }

  /** Parses a line in which only cells enclosed in quotes are quoted; every other quote is a character. */
  #unquoted(line: Line): CsvRow {
    if (line.text === null)
      return { position: line.position, broken: `a line is longer than ${MAX_LINE_LENGTH} characters` };
    return this.#row(line, cellsOf(line.text, this.#delimiter));
  }

  #row({ position, afterGap }: Line, cells: readonly string[]): CsvRow {
    this.#width ??= cells.length;
    return { position, cells, ...(afterGap && { afterGap }) };
  }

  /** The cells of one row, or the error. */
  #parse(lines: readonly Line[]): readonly string[] | string {
    const rows = this.#parseAll(lines);
    if (typeof rows === 'string') return rows;
    return rows.length === 1 ? rows[0]! : 'it is not one row';
  }

  #parseAll(lines: readonly Line[]): string[][] | string {
    const texts = lines.map(({ text }) => text);
    if (texts.includes(null)) return `a line is longer than ${MAX_LINE_LENGTH} characters`;
    try {
      // The row delimiter is fixed, so that a stray carriage return is not detected as one.
      return parse(texts.join('\n'), {
        delimiter: this.#delimiter,
        record_delimiter: '\n',
        relax_column_count: true,
        trim: true,
      });
    } catch (error) {
      if (error instanceof CsvError) return error.message.slice(0, 200).toWellFormed();
      throw error;
    }
  }
}

/** The lines of each chunk of the file, without empty ones. */
async function* linesOf(text: AsyncIterable<string>, delimiter: string): AsyncGenerator<Line[]> {
  let rest = '';
  let isTooLong = false;
  let afterGap = false;
  let position = 0;
  const take = (line: string, lines: Line[]) => {
    position++;
    const content = line.endsWith('\r') ? line.slice(0, -1) : line;
    const isLong = isTooLong || content.length > MAX_LINE_LENGTH;
    isTooLong = false;
    if (!isLong && content.trim() === '' && !content.includes(delimiter)) {
      afterGap = true;
      return;
    }
    const hasOpenQuote = !isLong && endsQuoted(content, delimiter);
    lines.push({ position, text: isLong ? null : content, hasOpenQuote, afterGap });
    afterGap = false;
  };
  for await (const chunk of text) {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop()!;
    const lines: Line[] = [];
    for (const part of parts) take(part, lines);
    if (rest.length > MAX_LINE_LENGTH) {
      isTooLong = true;
      rest = '';
    }
    yield lines;
  }
  const lines: Line[] = [];
  if (rest !== '' || isTooLong) take(rest, lines);
  yield lines;
}

/** The index, counted from `at`, of the line that closes the quote opened by the first line; -1 if none does. */
function closingQuote(lines: readonly Line[], delimiter: string, at: number): number {
  for (const [i, { text }] of lines.entries())
    if (i > 0 && text !== null && !endsQuoted(text, delimiter, true)) return at + i;
  return -1;
}

/** Whether a line ends within a quoted cell, which starts with a quote after optional spaces. */
function endsQuoted(line: string, delimiter: string, startsQuoted = false): boolean {
  if (!line.includes('"')) return startsQuoted;
  let at = 0;
  if (startsQuoted) {
    at = closedAt(line, 0, delimiter);
    if (at <= 0) return true;
  }
  while (at >= 0 && at < line.length) {
    const start = startOfCell(line, at);
    const end = line[start] === '"' ? closedAt(line, start + 1, delimiter) : 0;
    if (end < 0) return true;
    at = nextCell(line, end > 0 ? end : start, delimiter);
  }
  return false;
}

/** Cells of a line; a quote that does not enclose a whole cell is a character. */
function cellsOf(line: string, delimiter: string): string[] {
  const cells: string[] = [];
  let at = 0;
  while (at >= 0) {
    const start = startOfCell(line, at);
    const end = line[start] === '"' ? closedAt(line, start + 1, delimiter) : 0;
    const isQuoted = end > 0;
    const next = nextCell(line, isQuoted ? end : start, delimiter);
    const text = line.slice(at, next < 0 ? line.length : next - 1).trim();
    cells.push(isQuoted ? text.slice(1, -1).replaceAll('""', '"') : text);
    at = next;
  }
  return cells;
}

function startOfCell(line: string, at: number): number {
  let start = at;
  while (line[start] === ' ') start++;
  return start;
}

/** Start of the next cell; -1 after the last one. */
function nextCell(line: string, from: number, delimiter: string): number {
  const next = line.indexOf(delimiter, from);
  return next < 0 ? -1 : next + 1;
}

/** The position after the quote that closes a cell; 0 if the next quote does not close it, -1 without another quote. */
function closedAt(line: string, from: number, delimiter: string): number {
  let close = line.indexOf('"', from);
  while (close >= 0 && line[close + 1] === '"') close = line.indexOf('"', close + 2);
  if (close < 0) return -1;
  const after = startOfCell(line, close + 1);
  return after === line.length || line[after] === delimiter ? close + 1 : 0;
}
