import { InvalidInput } from '../../domain/errors.ts';
import { type CsvRow, csvRows } from './csv-rows.ts';
import type { FileRecord } from './file-record.ts';
import { type Mapping, timestampColumns } from './mapping.ts';

const SEPARATORS = [',', ';', '\t', '|'];
/** Rows that are searched for the header. */
export const MAX_PREAMBLE_ROWS = 1000;
/** Length of the prefix of a time whose shape is compared. */
const MAX_SHAPE_CHARACTERS = 100;
const MAX_SHAPES_COUNT = 20;
/** Text that may be a column's name. */
const NAME = /^[\p{L}_(][^"\p{C}]{0,99}$/u;
/** Maximum number of columns named in a message. */
const MAX_COLUMNS_NAMED = 100;
/** A spreadsheet's notation for a verbatim text: `="541"`. */
const FORMULA_TEXT = /^="(.*)"$/s;

/** Yields the rows of the tables in a file that have the mapped columns; everything before, between and after them is omitted. */
export async function* csvRecords(
  text: AsyncIterable<Uint8Array | string>,
  mapping: Mapping,
  mapped: readonly string[],
  head: string,
  onOutside: (position: number) => void = () => {},
): AsyncGenerator<FileRecord> {
  const delimiter = mapping.delimiter ?? delimiterOf(head, mapping, mapped);
  const table = new TableReader(mapping, mapped);
  for await (const row of csvRows(text, { delimiter, encoding: mapping.encoding })) {
    const record = table.take(row);
    if (record !== null) yield record;
    else if (table.isOutside) onOutside(row.position);
  }
  table.end();
}

/** Finds the header of each table, and thus the mapped cells of the rows after it. */
class TableReader {
  readonly #mapping: Mapping;
  readonly #mapped: readonly string[];
  /** Indexes of the mapped cells; null before the header of a table. */
  #indexes: readonly number[] | null;
  #preamble: (readonly string[])[] = [];
  #hasFound: boolean;
  #isAfterGap = false;
  /** Number of cells of the mapped table's header, and the shapes of its times. */
  #width = 0;
  readonly #timeShapes = new Set<string>();
  /** Inside another table: number of cells of its header, 0 if unknown. */
  #otherWidth: number | null = null;
  /** Whether the last row belongs to another table that follows a mapped one. */
  isOutside = false;

  constructor(mapping: Mapping, mapped: readonly string[]) {
    this.#mapping = mapping;
    this.#mapped = mapped;
    const names = mapping.header ? null : (mapping.columns_in_order ?? []);
    this.#indexes = names && this.#indexesIn(names);
    if (names !== null && this.#indexes === null) this.#fail(names);
    this.#hasFound = this.#indexes !== null;
  }

  /** The record of a row; null for a row outside the mapped tables. */
  take(row: CsvRow): FileRecord | null {
    this.isOutside = false;
    if (row.position <= this.#mapping.skip_lines) return null;
    if ('broken' in row) return this.#indexes === null ? null : row;
    const cells = row.cells.map((cell) => (cell.startsWith('="') ? cell.replace(FORMULA_TEXT, '$1') : cell));
    if (cells.every((cell) => cell === '')) {
      this.#isAfterGap = true;
      return null;
    }
    const afterGap = this.#isAfterGap || row.afterGap === true;
    this.#isAfterGap = false;
    if (this.#mapping.header && (this.#indexes === null || mayBeHeader(cells, this.#indexes))) {
      if (this.#takeHeader(cells)) return null;
    }
    if (this.#indexes === null) return null;
    if (this.#mapping.header) {
      this.#leaveOrReturn(cells, afterGap, this.#indexes);
      this.isOutside = this.#otherWidth !== null;
      if (this.isOutside) return null;
    }
    const { slots } = this.#mapping;
    const first = slots ? this.#indexes[this.#mapped.indexOf(slots.first)]! : 0;
    return {
      position: row.position,
      cells: this.#indexes.map((index) => cells[index]),
      ...(slots && { after: cells.slice(first + 1, first + slots.count) }),
    };
  }

  /** @throws InvalidInput if no row has the mapped columns */
  end(): void {
    if (!this.#hasFound) this.#fail(this.#closest());
  }

  /** Another table may begin after an empty line; a row that can only belong to the mapped table ends it. */
  #leaveOrReturn(cells: readonly string[], afterGap: boolean, indexes: readonly number[]): void {
    const timeShape = (cells[indexes[0]!] ?? '').slice(0, MAX_SHAPE_CHARACTERS).replace(/\d+/g, '9');
    const isRow = cells.length === this.#width && this.#timeShapes.has(timeShape);
    const other = afterGap || this.#otherWidth !== null ? widthOfOther(cells) : null;
    if (other !== null) this.#otherWidth = other;
    else if (isRow && this.#otherWidth !== this.#width) this.#otherWidth = null;
    if (this.#otherWidth === null && this.#timeShapes.size < MAX_SHAPES_COUNT) this.#timeShapes.add(timeShape);
  }

  #takeHeader(cells: readonly string[]): boolean {
    const found = this.#indexesIn(cells);
    if (found !== null) {
      this.#indexes = found;
      this.#width = cells.length;
      this.#otherWidth = null;
      this.#hasFound = true;
      return true;
    }
    if (this.#hasFound) return false;
    this.#preamble.push(cells);
    if (this.#preamble.length > MAX_PREAMBLE_ROWS) this.#fail(this.#closest());
    return false;
  }

  /** Indexes of the mapped columns by name or by position (`#3`); null if any is missing. */
  #indexesIn(names: readonly string[]): number[] | null {
    const columns = columnsOf(names);
    const indexes = this.#mapped.map((name) => columnIndex(columns, name));
    if (indexes.some((index) => index < 0)) return null;
    for (const [i, index] of indexes.entries()) {
      const name = this.#mapped[i]!;
      if (names[index] !== name) continue;
      const positions = columns.byName.get(name)!.map((at) => `#${at + 1}`);
      if (positions.length > 1)
        throw new InvalidInput(
          `${whereNamed(name, this.#mapping)} names the column "${name}", but the file has ${positions.length} with that name: select one by its position, ${positions.join(' or ')}`,
        );
    }
    // Any row would match positions alone: a header has a name in each of these places, and no number.
    const isName = (cell: string) => cell !== '' && !isNumeric(cell);
    if (indexes.some((index, i) => names[index] !== this.#mapped[i] && !isName(names[index]!))) return null;
    return indexes;
  }

  /** The row with the highest number of mapped names. */
  #closest(): readonly string[] {
    const score = (names: readonly string[]) => {
      const columns = columnsOf(names);
      return this.#mapped.filter((name) => columnIndex(columns, name) >= 0).length;
    };
    return this.#preamble.reduce(
      (best, names) =>
        score(names) > score(best) || (score(names) === score(best) && names.length > best.length) ? names : best,
      [] as readonly string[],
    );
  }

  #fail(names: readonly string[]): never {
    const columns = columnsOf(names);
    const name = this.#mapped.find((mapped) => columnIndex(columns, mapped) < 0) ?? this.#mapped[0]!;
    const found = names.slice(0, MAX_COLUMNS_NAMED).join(', ');
    throw new InvalidInput(`${whereNamed(name, this.#mapping)} names the column "${name}", but the file has: ${found}`);
  }
}

/** Index of a header's names: files can have thousands of columns. */
interface Columns {
  readonly byName: ReadonlyMap<string, readonly number[]>;
  readonly count: number;
}

function columnsOf(names: readonly string[]): Columns {
  const byName = new Map<string, number[]>();
  for (const [at, name] of names.entries()) {
    const positions = byName.get(name);
    if (positions === undefined) byName.set(name, [at]);
    else positions.push(at);
  }
  return { byName, count: names.length };
}

function columnIndex({ byName, count }: Columns, name: string): number {
  const [index] = byName.get(name) ?? [];
  if (index !== undefined) return index;
  const position = /^#([1-9]\d{0,3})$/.exec(name)?.[1];
  return position !== undefined && Number(position) <= count ? Number(position) - 1 : -1;
}

/** Whether a row of a table may be a header: its time does not start with a digit. */
function mayBeHeader(cells: readonly string[], indexes: readonly number[]): boolean {
  return !/^[-+]?\d/.test(cells[indexes[0]!] ?? '');
}

/** Number of cells of another table's header, which has distinct names only; 0 for a comment, null for a row of data. */
function widthOfOther(cells: readonly string[]): number | null {
  if (cells[0]!.startsWith('#')) return 0;
  const names = cells.slice(0, cells.findLastIndex((cell) => cell !== '') + 1);
  const isHeader = names.length > 1 && new Set(names).size === names.length && names.every((name) => NAME.test(name));
  return isHeader ? cells.length : null;
}

function isNumeric(cell: string): boolean {
  return /^[-+(]?[\d.,\s:/T-]*\d[\d.,\s:/TZ-]*\)?$/.test(cell.slice(0, 100));
}

function whereNamed(name: string, { timestamp, device_column: device, columns, slots }: Mapping): string {
  if (slots?.first === name) return 'slots.first';
  if (timestampColumns(timestamp).includes(name)) return 'timestamp.column';
  if (device === name) return 'device_column';
  return Object.hasOwn(columns, name) ? 'columns' : 'long';
}

/** The separator declared by `sep=;`; otherwise that of a line with all mapped names, otherwise that of the line with the most cells. */
export function delimiterOf(head: string, { header }: Pick<Mapping, 'header'>, mapped: readonly string[]): string {
  const lines = head.split('\n', MAX_PREAMBLE_ROWS).map((line) => line.trimEnd());
  const declared = /^\uFEFF?"?sep=(.)"?$/i.exec(lines[0]!)?.[1];
  if (declared !== undefined) return declared;
  const hasAll = (line: string, separator: string) => {
    const columns = columnsOf(line.split(separator).map((cell) => cell.trim().replace(/^"(.*)"$/, '$1')));
    return mapped.every((name) => columnIndex(columns, name) >= 0);
  };
  const named = SEPARATORS.find((separator) => header && lines.some((line) => hasAll(line, separator)));
  if (named !== undefined) return named;
  const counts = SEPARATORS.map(
    (separator) => [separator, Math.max(...lines.map((line) => line.split(separator).length))] as const,
  );
  return counts.reduce((best, next) => (next[1] > best[1] ? next : best))[0];
}
