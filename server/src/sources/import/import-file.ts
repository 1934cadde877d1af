import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { CsvError, parse as parseCsv } from 'csv-parse';
import type { Block } from '../../domain/batch.ts';
import { InvalidInput, messageOf } from '../../domain/errors.ts';
import { splitMetric } from '../../domain/metric-catalogue.ts';
import { type Conversion, conversion } from '../../domain/units.ts';
import { FileClock } from './clock.ts';
import type { Mapping } from './mapping.ts';

export interface ImportOptions {
  readonly path: string;
  readonly mapping: Mapping;
  /** Unit that a metric is kept in; empty when it has none. */
  readonly unitOf: (metric: string) => string;
  /** Takes blocks whose devices are named; a dry run leaves it out. */
  readonly sink?: (blocks: readonly Block[]) => Promise<{ accepted: number; rejected: number; quarantined: number }>;
  /** Rows that an earlier run had acknowledged: they are read but not sent again. */
  readonly skipRows: number;
  /** Called after rows were acknowledged. */
  readonly onProgress: (progress: { rows: number; share: number }) => Promise<void>;
}

export interface ImportReport {
  rows: number;
  /** Values found by column, missing ones left out. */
  readonly values: Record<string, number>;
  accepted: number;
  quarantined: number;
  rejected: number;
  /** First and last instant, epoch milliseconds. */
  first: number | null;
  last: number | null;
  /** What could not be read, with the line of the file; the first hundred. */
  readonly problems: { line: number; detail: string }[];
}

const ROWS_AT_ONCE = 10_000;
const MAX_PROBLEMS = 100;
const GZIP_MAGIC = 0x8b1f;

interface MappedColumn {
  readonly name: string;
  readonly index: number;
  readonly group: string;
  readonly quantity: string;
  readonly device: string | null;
  readonly conversion: Conversion;
  readonly scale: number;
  readonly missing: ReadonlySet<string>;
  readonly atLeast: number;
}

/**
 * Reads a CSV file (plain or gzip) row by row and hands it on in blocks; memory does not grow with the file. What cannot be read is
 * reported with its line. Throws `InvalidInput` when the file or the mapping do not fit each other, or the file breaks off.
 */
export async function importFile(options: ImportOptions): Promise<ImportReport> {
  return new FileImport(options).run();
}

class FileImport {
  readonly #options: ImportOptions;
  readonly #clock: FileClock;
  readonly report: ImportReport = {
    rows: 0,
    values: {},
    accepted: 0,
    quarantined: 0,
    rejected: 0,
    first: null,
    last: null,
    problems: [],
  };
  #columns: MappedColumn[] = [];
  #timeIndex = 0;
  #deviceIndex = -1;
  #rows: { timestamp: number; cells: readonly string[]; line: number }[] = [];

  constructor(options: ImportOptions) {
    this.#options = options;
    this.#clock = new FileClock(options.mapping.timestamp);
  }

  async run(): Promise<ImportReport> {
    const { path, mapping } = this.#options;
    const size = (await stat(path)).size;
    const file = createReadStream(path);
    const text = (await isGzip(path)) ? file.pipe(createGunzip()) : file;
    const delimiter = mapping.delimiter ?? (await delimiterOf(path));
    const parser = parseCsv({
      bom: true,
      delimiter,
      info: true,
      relax_column_count: true,
      skip_empty_lines: true,
      trim: true,
    });
    file.on('error', (error) => parser.destroy(error));
    text.on('error', (error: Error) => parser.destroy(error));
    text.pipe(parser);
    let named = mapping.header ? null : (mapping.columns_in_order ?? []);
    if (named) this.#bind(named);
    try {
      for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: { lines: number } }>) {
        if (named === null) {
          named = record;
          this.#bind(named);
          continue;
        }
        this.#take(record, info.lines);
        if (this.#rows.length === ROWS_AT_ONCE) await this.#flush(file.bytesRead / size);
      }
    } catch (error) {
      await this.#flush(file.bytesRead / size);
      throw this.#broken(error);
    }
    if (named === null) throw new InvalidInput(`${path} is empty`);
    await this.#flush(1);
    return this.report;
  }

  #broken(error: unknown): unknown {
    const { code } = error as NodeJS.ErrnoException;
    if (!(error instanceof CsvError) && !code?.startsWith('Z_')) return error;
    const kept = this.#options.sink ? `; the ${this.report.rows} rows before it were taken` : '';
    return new InvalidInput(`${this.#options.path} cannot be read to its end: ${messageOf(error)}${kept}`, {
      cause: error,
    });
  }

  /** Finds the mapped columns among those of the file. */
  #bind(names: readonly string[]): void {
    const { mapping, unitOf } = this.#options;
    const indexOf = (name: string, what: string) => {
      const index = names.indexOf(name);
      if (index < 0)
        throw new InvalidInput(`${what} names the column "${name}", but the file has: ${names.join(', ')}`);
      return index;
    };
    this.#timeIndex = indexOf(mapping.timestamp.column, 'timestamp.column');
    if (mapping.device_column !== undefined) this.#deviceIndex = indexOf(mapping.device_column, 'device_column');
    this.#columns = Object.entries(mapping.columns).map(([name, column]) => {
      const unit = unitOf(column.metric);
      this.report.values[name] = 0;
      return {
        name,
        index: indexOf(name, 'columns'),
        ...splitMetric(column.metric),
        device: column.device ?? mapping.device ?? null,
        conversion: column.unit === undefined ? { factor: 1, offset: 0 } : conversion(column.unit, unit),
        scale: column.scale,
        missing: new Set(['', ...column.missing]),
        atLeast: column.at_least ?? Number.NEGATIVE_INFINITY,
      };
    });
  }

  #take(cells: readonly string[], line: number): void {
    const text = cells[this.#timeIndex] ?? '';
    const timestamp = this.#clock.read(text);
    this.report.rows++;
    if (Number.isNaN(timestamp)) {
      this.#complain(line, `"${text}" is no time of the format ${this.#options.mapping.timestamp.format}`);
      return;
    }
    this.report.first = Math.min(this.report.first ?? timestamp, timestamp);
    this.report.last = Math.max(this.report.last ?? timestamp, timestamp);
    this.#rows.push({ timestamp, cells, line });
  }

  async #flush(share: number): Promise<void> {
    const { sink, skipRows, onProgress } = this.#options;
    const rows = this.#rows;
    this.#rows = [];
    const groups = Map.groupBy(this.#columns, ({ group, device }) => JSON.stringify([group, device]));
    const blocks = [...groups.values()].map((columns) => this.#blockOf(columns, rows));
    if (sink && this.report.rows > skipRows) {
      const { accepted, rejected, quarantined } = await sink(blocks);
      this.report.accepted += accepted;
      this.report.rejected += rejected;
      this.report.quarantined += quarantined;
    }
    await onProgress({ rows: this.report.rows, share });
  }

  #blockOf(
    columns: readonly MappedColumn[],
    rows: readonly { timestamp: number; cells: readonly string[]; line: number }[],
  ): Block {
    const { group, device } = columns[0] as MappedColumn;
    const names = new Map<string, number>();
    const deviceOf = (cells: readonly string[]) => {
      const name = device ?? cells[this.#deviceIndex] ?? '';
      if (!names.has(name)) names.set(name, names.size);
      return names.get(name) as number;
    };
    return {
      group,
      device: Int32Array.from(rows, ({ cells }) => deviceOf(cells)),
      devices: [...names.keys()],
      timestamps: Float64Array.from(rows, ({ timestamp }) => timestamp),
      quantities: columns.map(({ quantity }) => quantity),
      columns: columns.map((column) =>
        Float64Array.from(rows, ({ cells, line }) => this.#valueOf(column, cells, line)),
      ),
    };
  }

  #valueOf(column: MappedColumn, cells: readonly string[], line: number): number {
    const text = cells[column.index] ?? '';
    if (column.missing.has(text)) return Number.NaN;
    const given = Number(text);
    if (!Number.isFinite(given)) {
      this.#complain(line, `${column.name} must be a number; got "${text.slice(0, 60)}"`);
      return Number.NaN;
    }
    if (given < column.atLeast) return Number.NaN;
    this.report.values[column.name] = (this.report.values[column.name] ?? 0) + 1;
    return given * column.scale * column.conversion.factor + column.conversion.offset;
  }

  #complain(line: number, detail: string): void {
    this.report.rejected++;
    if (this.report.problems.length < MAX_PROBLEMS) this.report.problems.push({ line, detail });
  }
}

async function isGzip(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer.readUInt16LE() === GZIP_MAGIC;
  } finally {
    await file.close();
  }
}

/** The separator that stands most often in the first line. */
async function delimiterOf(path: string): Promise<string> {
  const file = createReadStream(path, { end: 65_535 });
  const text = (await isGzip(path)) ? file.pipe(createGunzip({ finishFlush: 2 })) : file;
  let head = '';
  try {
    for await (const chunk of text) {
      head += String(chunk);
      if (head.includes('\n')) break;
    }
  } catch (error) {
    if (head === '') throw new InvalidInput(`${path} cannot be read: ${messageOf(error)}`, { cause: error });
  }
  const line = head.split('\n')[0] ?? '';
  const counts = [',', ';', '\t', '|'].map((separator) => [separator, line.split(separator).length] as const);
  return counts.reduce((best, next) => (next[1] > best[1] ? next : best))[0];
}
