import { type Conversion, conversion } from '../../domain/units.ts';
import type { Column, Mapping } from './mapping.ts';
import { NumberReader } from './number-format.ts';

/** Converts the cells of one column to numbers, in the metric's own unit. */
export class CellReader {
  readonly #column: Pick<Column, 'scale' | 'at_least' | 'numbers'>;
  readonly #missing: ReadonlySet<string>;
  readonly #named: ReadonlyMap<string, number>;
  readonly #conversion: Conversion;
  readonly #numbers: NumberReader;

  /** @throws InvalidInput for a unit that cannot be converted to the metric's unit; the message lists those that can */
  constructor(
    column: Column,
    unit: string,
    { missing, number_format: format }: Pick<Mapping, 'missing' | 'number_format'>,
  ) {
    this.#column = column;
    this.#missing = new Set(['', ...missing, ...column.missing]);
    this.#named = new Map(Object.entries(column.numbers));
    this.#conversion = column.unit === undefined ? { factor: 1, offset: 0 } : conversion(column.unit, unit);
    this.#numbers = new NumberReader(format);
  }

  /** The value; NaN for a missing value, undefined for an unreadable cell. */
  read(cell: unknown): number | undefined {
    if (cell === undefined || cell === null) return Number.NaN;
    const given = typeof cell === 'number' ? cell : this.#numberOf(cellText(cell).trim());
    if (given === undefined || Number.isNaN(given)) return given;
    if (this.#column.at_least !== undefined && given < this.#column.at_least) return Number.NaN;
    return given * this.#column.scale * this.#conversion.factor + this.#conversion.offset;
  }

  /** The reason why a cell cannot be read. */
  complaint(cell: unknown): string {
    const text = cellText(cell);
    return `must be a number; got "${text.slice(0, 60)}"${this.#numbers.hint(text)}`;
  }

  #numberOf(text: string): number | undefined {
    const named = this.#named.get(text);
    if (named !== undefined) return named;
    if (this.#missing.has(text)) return Number.NaN;
    return this.#numbers.read(text);
  }
}

/** A cell as text; lists and objects of JSON are serialised for display. */
export function cellText(cell: unknown): string {
  if (typeof cell === 'string') return cell;
  if (cell === undefined || cell === null) return '';
  return typeof cell === 'object' ? JSON.stringify(cell) : String(cell);
}
