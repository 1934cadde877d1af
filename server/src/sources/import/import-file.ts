import { EARLIEST_MS, LATEST_MS } from '@wattkeeper/contract/common.ts';
import { type Block, valueCount } from '../../domain/columns/batch.ts';
import { InvalidInput, messageOf } from '../../domain/errors.ts';
import { cellText } from './cell-reader.ts';
import { FileClock, SKIPPED_TIME } from './clock.ts';
import type { FileRecord } from './file-record.ts';
import { type ImportReport, ReportBuilder } from './import-report.ts';
import type { InputFile } from './input-file.ts';
import { isBroken } from './json-records.ts';
import type { Layout, TimedRow } from './layout.ts';
import { LongLayout } from './long-layout.ts';
import { type Mapping, timestampColumns } from './mapping.ts';
import { openRecordSource, type RecordSource } from './record-source.ts';
import { WideLayout } from './wide-layout.ts';

/** The outcome of submitted blocks. */
export interface SinkReceipt {
  readonly accepted: number;
  readonly rejected: number;
  readonly quarantined: number;
  /** The first rejections; `rejected` is their total number. */
  readonly refusals: readonly { metric: string | null; timestamp: number; code: string; detail: string }[];
  /** The first implausible values; `quarantined` is their total number. */
  readonly implausible: readonly { metric: string | null; timestamp: number; reason: string }[];
}

export interface ImportOptions {
  readonly file: InputFile;
  readonly mapping: Mapping;
  /** Unit in which a metric is stored; empty for a metric without a unit. */
  readonly unitOf: (metric: string) => string;
  /** Stores blocks that use device names; returns null if nothing was stored, as in a dry run. */
  readonly sink: (blocks: readonly Block[]) => Promise<SinkReceipt | null>;
  /** Number of rows that an earlier run had acknowledged: they are read but not submitted again. */
  readonly skipRows: number;
  /** Maximum number of rows to read; default: the whole file. */
  readonly maxRows?: number;
  readonly signal?: AbortSignal | undefined;
  /** Called after rows are acknowledged. */
  readonly onProgress: (progress: { rows: number; share: number }) => Promise<void>;
}

const ROWS_AT_ONCE = 10_000;
/** Maximum number of values that are converted to blocks at once, which blocks the event loop. */
export const MAX_VALUES_AT_ONCE_COUNT = 50_000;

/**
 * Imports a CSV or JSON file (plain or gzip) record by record in blocks; memory use does not depend on the file's size. Unreadable values
 * are reported with their position.
 * @throws InvalidInput if file and mapping do not match, or the file breaks off
 */
export async function importFile(options: ImportOptions): Promise<ImportReport> {
  const source = await openRecordSource(options.file, options.mapping);
  try {
    return await new FileImport(options, source).run();
  } finally {
    source.close();
  }
}

/** The time of a slot follows the pattern of the day. */
function timesOf({ timestamp, slots }: Mapping): Mapping['timestamp'] {
  return slots ? { ...timestamp, format: `${timestamp.format} HH:mm` } : timestamp;
}

class FileImport {
  readonly #options: ImportOptions;
  readonly #source: RecordSource;
  readonly #clock: FileClock;
  readonly #layout: Layout;
  readonly #timeIndexes: readonly number[];
  readonly #rowsAtOnce: number;
  readonly #report = new ReportBuilder();
  #rows: TimedRow[] = [];
  #isStored = false;

  constructor(options: ImportOptions, source: RecordSource) {
    const { mapping, unitOf } = options;
    const { columns } = source;
    const layout = { mapping, columns, unitOf, report: this.#report };
    this.#options = options;
    this.#source = source;
    this.#clock = new FileClock(timesOf(mapping));
    this.#layout = mapping.long ? new LongLayout(layout) : new WideLayout(layout);
    this.#rowsAtOnce = Math.max(Math.min(ROWS_AT_ONCE, Math.floor(MAX_VALUES_AT_ONCE_COUNT / columns.length)), 1);
    this.#timeIndexes = timestampColumns(mapping.timestamp).map((name) => columns.indexOf(name));
  }

  async run(): Promise<ImportReport> {
    try {
      const { maxRows = Number.POSITIVE_INFINITY, signal } = this.#options;
      for await (const record of this.#source.records) {
        signal?.throwIfAborted();
        this.#take(record);
        if (this.#report.rows === maxRows) break;
        if (this.#report.rows % this.#rowsAtOnce === 0) await this.#flush();
      }
    } catch (error) {
      if (!isBroken(error)) throw error;
      await this.#flush();
      const stored = this.#isStored ? `; the ${this.#report.rows} rows before it were imported` : '';
      throw new InvalidInput(`${this.#options.file.name} cannot be read to its end: ${messageOf(error)}${stored}`, {
        cause: error,
      });
    }
    await this.#flush();
    return this.#report.build({
      counted_by: this.#source.countedBy,
      outside_rows: this.#source.outside(),
      ambiguous_times: this.#clock.ambiguous,
      absent_columns: this.#source.absent().columns,
    });
  }

  #take(record: FileRecord): void {
    this.#report.rows++;
    const { position } = record;
    if ('broken' in record) {
      this.#report.reject('unreadable', position, record.broken);
      return;
    }
    const { cells } = record;
    const text = this.#timeIndexes.map((index) => cellText(cells[index])).join(' ');
    const timestamp = this.#clock.read(text, this.#layout.seriesOf(cells));
    if (timestamp === SKIPPED_TIME) {
      this.#report.skippedTimes++;
      const { skipped, timezone } = this.#options.mapping.timestamp;
      if (skipped === 'reject')
        this.#report.reject('skipped_time', position, `"${text}" does not exist: the clock of ${timezone} skips it`);
    } else if (!(timestamp >= EARLIEST_MS && timestamp < LATEST_MS)) {
      const { format } = this.#options.mapping.timestamp;
      const detail = `"${text.slice(0, 60)}" is not a time of the format ${format} between 1970 and 2199`;
      this.#report.reject('not_a_time', position, detail);
    } else {
      this.#report.noteTime(timestamp);
      this.#rows.push({ timestamp, cells, position });
    }
  }

  async #flush(): Promise<void> {
    const { sink, skipRows, onProgress } = this.#options;
    const rows = this.#rows;
    this.#rows = [];
    this.#checkFields(rows);
    const blocks = this.#layout.blocks(rows);
    if (this.#report.rows <= skipRows)
      this.#report.alreadyThere += blocks.reduce((sum, block) => sum + valueCount(block), 0);
    else if (blocks.length > 0) {
      const receipt = await sink(blocks);
      this.#isStored = receipt !== null;
      if (receipt !== null) this.#note(receipt, rows);
    }
    await onProgress({ rows: this.#report.rows, share: this.#source.share() });
  }

  /** JSON has no header: missing fields are known after the first records. */
  #checkFields(rows: readonly TimedRow[]): void {
    const { columns: absent, found } = this.#source.absent();
    if (absent.length === 0) return;
    const { mapping } = this.#options;
    const values = Object.keys(mapping.columns);
    const needed = this.#source.columns.filter((name) => !values.includes(name));
    const lacking =
      needed.find((name) => absent.includes(name)) ??
      (values.every((name) => absent.includes(name)) ? values[0] : undefined);
    if (lacking === undefined || (rows.length === 0 && found.length === 0)) return;
    throw new InvalidInput(`the mapping names the field "${lacking}", but the records have: ${found.join(', ')}`);
  }

  #note({ accepted, rejected, quarantined, refusals, implausible }: SinkReceipt, rows: readonly TimedRow[]): void {
    this.#report.accepted += accepted;
    this.#report.quarantined += quarantined;
    if (rejected + quarantined === 0) return;
    const positions = new Map(rows.map(({ timestamp, position }) => [timestamp, position]));
    for (const { metric, timestamp, code, detail } of refusals)
      this.#report.reject(code, positions.get(timestamp) ?? null, `${metric ?? 'the row'}: ${detail}`);
    this.#report.rejectMany('more_of_these', rejected - refusals.length);
    for (const { metric, timestamp, reason } of implausible)
      this.#report.addProblem(positions.get(timestamp) ?? 0, `${metric}: quarantined, ${reason}`);
  }
}
