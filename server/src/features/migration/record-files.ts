import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { EARLIEST_MS, isInstant, LATEST_MS } from '@wattkeeper/contract/common.ts';
import { MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import { nameFault } from '@wattkeeper/contract/names.ts';
import { stringify } from 'yaml';
import type { z } from 'zod';
import { InvalidInput } from '../../domain/errors.ts';
import { CellReader, cellText } from '../../sources/import/cell-reader.ts';
import { FileClock, SKIPPED_TIME } from '../../sources/import/clock.ts';
import type { FileRecord } from '../../sources/import/file-record.ts';
import { JsonFields } from '../../sources/import/json-records.ts';
import { Mapping, parseMapping, timestampColumns, wantedColumns } from '../../sources/import/mapping.ts';
import {
  OLDER_FIELDS,
  OLDER_MISSING,
  OLDER_SERIAL,
  OLDER_TIMESTAMP,
  timeOfName,
} from '../../storage/file/older-fields.ts';
import { naiveNote, readJsonFiles } from './json-files.ts';
import type { Found, FoundReading, MigrationSource } from './migration-ports.ts';

export interface RecordsOptions {
  /** A folder, or one file. */
  readonly from: string;
  /** Zone of times without an offset, unless a mapping says otherwise. */
  readonly timezone: string;
  /** Device of all records; else the one that each record names. */
  readonly device?: string | undefined;
  /** A mapping as for `import`; replaces the usual names. */
  readonly mapping?: string | undefined;
  readonly unitOf: (metric: string) => string;
}

/** Records with values that are not numbers, which the notes list. */
const MAX_UNREADABLE_LISTED = 100;
/** Device of records without one. */
const NAMELESS = 'Inverter';
/** A file written within this time of one of the two passes of a repeated hour belongs to that pass. */
const WRITTEN_WITHIN_MS = 10 * MINUTE_MS;

/** Folders of JSON record files in the format of older installations: `energy_data_YYYYMMDD_HHMMSS.json[.gz]`, `coordinator_state_*.json`. */
export function openRecordFiles(options: RecordsOptions): MigrationSource<FoundReading> {
  return new RecordFiles(options);
}

interface Field {
  readonly index: number;
  readonly path: string;
  readonly metric: string;
  readonly reader: CellReader;
}

class RecordFiles implements MigrationSource<FoundReading> {
  readonly #options: RecordsOptions;
  readonly #mapping: Mapping;
  readonly #fields: JsonFields;
  readonly #columns: readonly Field[];
  readonly #timeIndexes: readonly number[];
  readonly #deviceIndex: number;
  readonly #missing: ReadonlySet<string>;
  #clock: FileClock;
  #share = 0;
  #others = 0;
  #ambiguous = 0;
  /** Number of times without an offset. */
  #naive = 0;
  readonly #odd = new Set<string>();

  constructor(options: RecordsOptions) {
    this.#options = options;
    const { mapping, timezone, unitOf } = options;
    this.#mapping = mapping === undefined ? Mapping.parse(olderMapping(timezone)) : wideMapping(mapping);
    const wanted = wantedColumns(this.#mapping);
    this.#fields = new JsonFields(wanted);
    this.#columns = Object.entries(this.#mapping.columns).map(([path, column]) => ({
      path,
      index: wanted.indexOf(path),
      metric: column.metric,
      reader: new CellReader(column, unitOf(column.metric), this.#mapping),
    }));
    this.#timeIndexes = timestampColumns(this.#mapping.timestamp).map((name) => wanted.indexOf(name));
    this.#deviceIndex = wanted.indexOf(this.#mapping.device_column ?? '');
    this.#missing = new Set(['', ...this.#mapping.missing]);
    this.#clock = new FileClock(this.#mapping.timestamp);
  }

  async *read(signal: AbortSignal): AsyncGenerator<readonly Found<FoundReading>[]> {
    this.#clock = new FileClock(this.#mapping.timestamp);
    this.#naive = 0;
    for await (const file of readJsonFiles(this.#options.from, this.#fields, signal)) {
      const names = { path: file.path, lacksTime: true };
      const found: Found<FoundReading>[] = [];
      for (const { where, record } of file.records) found.push(await this.#found(where, record, names));
      yield file.broken === null ? found : [...found, file.broken];
      this.#share = file.share;
      this.#others = file.others;
      this.#ambiguous = this.#clock.ambiguous;
    }
  }

  share(): number {
    return this.#share;
  }

  notes(): string[] {
    const taken = new Set([...wantedColumns(this.#mapping)]);
    const left = this.#fields.absent().found.filter((name) => !taken.has(name));
    return [
      ...(left.length > 0 ? [`fields without a known metric were left out: ${left.join(', ')}`] : []),
      ...(this.#others > 0 ? [`${this.#others} files without a JSON file name were skipped`] : []),
      ...(this.#naive > 0 ? [naiveNote(this.#naive, this.#mapping.timestamp.timezone)] : []),
      ...(this.#odd.size > 0 ? [`values that are not numbers were left out: ${[...this.#odd].join('; ')}`] : []),
      ...(this.#ambiguous > 0
        ? [`${this.#ambiguous} times without an offset are in the repeated hour at the end of summer time`]
        : []),
    ];
  }

  mapping(): string {
    return this.#options.mapping ?? stringify(olderMapping(this.#options.timezone));
  }

  async close(): Promise<void> {}

  async #found(
    where: string,
    record: FileRecord,
    file: { path: string; lacksTime: boolean },
  ): Promise<Found<FoundReading>> {
    if ('broken' in record) return { where, unreadable: record.broken };
    const named = this.#text(record.cells[this.#deviceIndex]) ?? this.#mapping.device ?? NAMELESS;
    const device = this.#options.device ?? named;
    const fault = nameFault(device);
    if (fault !== null) return { where, unreadable: `the name of its device ${fault}` };
    const time = await this.#timeOf(record.cells, device, file);
    if (typeof time === 'string') return { where, unreadable: time };
    const values = new Map<string, number>();
    const problems: string[] = [];
    for (const { index, path, metric, reader } of this.#columns) {
      const value = reader.read(record.cells[index]);
      if (value === undefined) problems.push(`${path} "${cellText(record.cells[index]).slice(0, 60)}"`);
      else if (value === value && !values.has(metric)) values.set(metric, value);
    }
    if (problems.length > 0 && this.#odd.size < MAX_UNREADABLE_LISTED)
      this.#odd.add(`${where}: ${problems.join(', ')}`);
    if (values.size > 0) return { where, item: { device, timestamp: time, values: [...values], problems } };
    const why = problems.length > 0 ? `; not a number: ${problems.join(', ')}` : '';
    return { where, unreadable: `it contains no value of a known field${why}` };
  }

  /** Epoch milliseconds, or the reason why there is no time. */
  async #timeOf(
    cells: readonly unknown[],
    device: string,
    file: { path: string; lacksTime: boolean },
  ): Promise<number | string> {
    const texts = this.#timeIndexes.map((index) => this.#text(cells[index]));
    const given = texts.includes(null) ? null : texts.join(' ');
    const named = timeOfName(basename(file.path));
    // The name of a file contains the time of one record only.
    if (given === null && (named === null || !file.lacksTime))
      return 'it has no timestamp, and the file name has none either';
    if (given === null) file.lacksTime = false;
    const options = given === null ? { ...this.#mapping.timestamp, format: 'iso' } : this.#mapping.timestamp;
    const clock = given === null ? new FileClock(options) : this.#clock;
    const before = clock.ambiguous;
    const text = given ?? (named as string);
    const instant = clock.read(text, device);
    if (instant === SKIPPED_TIME) return `"${text}" does not exist: it is in an hour skipped in ${options.timezone}`;
    if (!(instant >= EARLIEST_MS && instant < LATEST_MS))
      return `"${text.slice(0, 60)}" is not a time from 1970 to 2199`;
    if (options.format === 'iso' && !isInstant(text)) this.#naive++;
    const isTwice = clock.ambiguous > before;
    return isTwice && named !== null ? turnOf(text, instant, options, file.path) : instant;
  }

  /** Null for an empty cell. */
  #text(cell: unknown): string | null {
    const text = cellText(cell).trim();
    return this.#missing.has(text) ? null : text;
  }
}

/** The name of a record's file does not distinguish the passes of a repeated hour, but its modification time may. */
async function turnOf(text: string, instant: number, options: Mapping['timestamp'], path: string): Promise<number> {
  const writtenAt = (await stat(path)).mtimeMs;
  const turns = (['first', 'second'] as const).map((repeated) => new FileClock({ ...options, repeated }).read(text));
  return turns.find((turn) => Math.abs(turn - writtenAt) < WRITTEN_WITHIN_MS) ?? instant;
}

function olderMapping(timezone: string): z.input<typeof Mapping> {
  return {
    timestamp: { column: OLDER_TIMESTAMP, timezone },
    device_column: OLDER_SERIAL,
    device: NAMELESS,
    missing: [...OLDER_MISSING],
    columns: Object.fromEntries(OLDER_FIELDS.map(({ path, ...column }) => [path, column])),
  };
}

function wideMapping(text: string): Mapping {
  const mapping = parseMapping(text, 'of the records');
  const apart = Object.entries(mapping.columns).find(([, { device }]) => device !== undefined);
  if (mapping.long !== undefined || apart !== undefined || mapping.records !== undefined) {
    const what = mapping.long ? 'long' : mapping.records ? 'records' : `columns.${apart?.[0]}.device`;
    throw new InvalidInput(`the mapping of records must be wide, with one device per record: omit ${what}`);
  }
  return mapping;
}
