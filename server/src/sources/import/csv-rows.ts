import type { Readable } from 'node:stream';
import { CsvError } from 'csv-parse';
import { parse } from 'csv-parse/sync';

/** A row of a table, or why it cannot be read; `position` is its first line in the file, from 1. */
export type CsvRow =
  | { readonly position: number; readonly cells: readonly string[] }
  | { readonly position: number; readonly broken: string };

interface Line {
  readonly position: number;
  /** null: longer than a line may be. */
  readonly text: string | null;
  readonly hasOpenQuote: boolean;
}

/** A quoted cell may hold this many lines; beyond, its quote is taken for a stray one. */
export const MAX_ROW_LINES = 20;
/** Characters of a line; what has longer ones is no table. */
export const MAX_LINE_LENGTH = 1_048_576;

/**
 * The rows of a table in CSV (RFC 4180), with the header as the first. A row that cannot be read costs only itself: a stray quote does
 * not swallow the rows behind it. A row over several lines must have as many cells as the first row.
 */
export async function* csvRows(text: Readable, delimiter: string): AsyncGenerator<CsvRow> {
  const reader = new RowReader(delimiter);
  for await (const lines of linesOf(text, delimiter)) yield* reader.take(lines);
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
      const line = all[at] as Line;
      if (!line.hasOpenQuote) {
        simple.push(line);
        at++;
        continue;
      }
      const limit = Math.min(all.length, at + MAX_ROW_LINES);
      const last = closingQuote(all, at + 1, limit);
      if (last < 0 && !isEnd && limit === all.length && all.length < at + MAX_ROW_LINES) break;
      yield* this.#simple(simple);
      simple = [];
      const cells = last < 0 ? null : this.#parse(all.slice(at, last + 1));
      const fits = Array.isArray(cells) && (this.#width === null || cells.length === this.#width);
      yield fits ? this.#row(line, cells) : { position: line.position, broken: 'a quote opens here and is not closed' };
      at = fits ? last + 1 : at + 1;
    }
    this.#waiting = all.slice(at);
    yield* this.#simple(simple);
  }

  *end(): Generator<CsvRow> {
    yield* this.take([], true);
  }

  /** Rows of a line each, parsed at once when nothing is wrong with them. */
  *#simple(lines: readonly Line[]): Generator<CsvRow> {
    const rows = this.#parseAll(lines);
    if (Array.isArray(rows) && rows.length === lines.length) {
      for (const [i, line] of lines.entries()) yield this.#row(line, rows[i] as string[]);
      return;
    }
    for (const line of lines) {
      const cells = this.#parse([line]);
      if (typeof cells === 'string') yield { position: line.position, broken: cells };
      else yield this.#row(line, cells);
    }
  }

  #row({ position }: Line, cells: readonly string[]): CsvRow {
    this.#width ??= cells.length;
    return { position, cells };
  }

  /** The cells of one row, or what is wrong with it. */
  #parse(lines: readonly Line[]): readonly string[] | string {
    const rows = this.#parseAll(lines);
    if (typeof rows === 'string') return rows;
    return rows.length === 1 ? (rows[0] as string[]) : 'it is not one row';
  }

  #parseAll(lines: readonly Line[]): string[][] | string {
    const texts = lines.map(({ text }) => text);
    if (texts.includes(null)) return `a line is longer than ${MAX_LINE_LENGTH} characters`;
    try {
      // The delimiter of rows is named, so that a stray carriage return is not taken for it.
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

/** The lines of each chunk that the file gives; empty ones are left out. */
async function* linesOf(text: Readable, delimiter: string): AsyncGenerator<Line[]> {
  const decoder = new TextDecoder();
  let rest = '';
  let isTooLong = false;
  let position = 0;
  const take = (line: string, lines: Line[]) => {
    position++;
    const content = line.endsWith('\r') ? line.slice(0, -1) : line;
    if (isTooLong || content.length > MAX_LINE_LENGTH) lines.push({ position, text: null, hasOpenQuote: false });
    else if (content.trim() !== '' || content.includes(delimiter))
      lines.push({ position, text: content, hasOpenQuote: hasOpenQuote(content) });
    isTooLong = false;
  };
  for await (const chunk of text as AsyncIterable<Uint8Array | string>) {
    const parts = (rest + (typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true }))).split('\n');
    rest = parts.pop() as string;
    const lines: Line[] = [];
    for (const part of parts) take(part, lines);
    if (rest.length > MAX_LINE_LENGTH) {
      isTooLong = true;
      rest = '';
    }
    yield lines;
  }
  rest += decoder.decode();
  const lines: Line[] = [];
  if (rest !== '' || isTooLong) take(rest, lines);
  yield lines;
}

/** The line in which a quote that opened before is closed; -1 when none is. */
function closingQuote(lines: readonly Line[], from: number, to: number): number {
  for (let i = from; i < to; i++) if ((lines[i] as Line).hasOpenQuote) return i;
  return -1;
}

function hasOpenQuote(line: string): boolean {
  let isOpen = false;
  for (let at = line.indexOf('"'); at >= 0; at = line.indexOf('"', at + 1)) isOpen = !isOpen;
  return isOpen;
}
