import { MINUTE_MS, SECOND_MS } from '@wattkeeper/contract/durations.ts';
import { stringify } from 'yaml';
import { InvalidInput } from '../../../domain/errors.ts';
import { widthOfStep } from '../../../domain/time/intervals.ts';
import { localIso } from '../../../domain/time/site-time.ts';
import { isEspi } from '../espi-records.ts';
import { deviceNameOf, type InputFile } from '../input-file.ts';
import type { Mapping } from '../mapping.ts';
import { NumberFormat, NumberReader } from '../number-format.ts';
import { readHead } from '../record-source.ts';
import { type Meaning, meaningOf, otherMetric, perInterval, unitIn } from './column-meaning.ts';
import type { Detected } from './detected.ts';
import { espiMapping } from './espi.ts';
import { DELIMITERS, MAX_COLUMNS, type Table, type Times, tableIn } from './find-table.ts';
import { jsonTableIn } from './json-table.ts';
import { siteAndKind } from './site-and-kind.ts';

export interface DetectOptions {
  /** Time zone of times without an offset. */
  readonly timezone: string;
  /** Site of the data; default: named after the file. */
  readonly site?: string | undefined;
  readonly currency?: string | undefined;
}

type Found = Pick<Detected, 'format' | 'mapping' | 'notes' | 'sample'>;

/** Rows in a sample. */
const MAX_SAMPLE_ROWS = 10;

const SLOT_NAME = /^\d{1,2}:\d{2}(?:\s*-\s*\d{1,2}:\d{2})?$/;
const NUMBER_FORMATS = [{}, { decimal: ',' }, { thousands: ',' }] as const;
/** Texts that exporters write for missing values. */
const MISSING = ['nan', 'NaN', 'null', 'NULL', 'N/A', 'n/a'];
/** Texts that are declared as missing if the first rows contain them. */
const PERHAPS_MISSING = ['-', '--', 'unavailable', 'unknown'];
/** Columns of numbers that are not measurements. */
const IDENTIFIER = /\b(ean|id|nmi|code|serial|number|nummer|numer|account|week|month|day|hour)\b|[-_]?code$|_id$/i;

/**
 * Detects a mapping from the start of a file.
 * @throws InvalidInput for a file without a detectable table of times and numbers
 */
export async function detectMapping(file: InputFile, options: DetectOptions): Promise<Detected> {
  const found = await formatOf(file, options.timezone);
  const { site, kind, note } = siteAndKind(found.mapping, deviceNameOf(file), options);
  return { ...found, mapping: { site, kind, ...found.mapping }, notes: [...found.notes, note] };
}

/** A mapping as YAML for the user; the notes are comments. */
export function mappingText({ mapping, notes }: Pick<Detected, 'mapping' | 'notes'>): string {
  return `${notes.map((note) => `# ${note}\n`).join('')}${stringify(mapping, { lineWidth: 0 })}`;
}

async function formatOf(file: InputFile, timezone: string): Promise<Found> {
  const head = await readHead(file);
  const device = deviceNameOf(file);
  if (isEspi(head.trimStart())) return espiMapping(file, device);
  if (/^(100,NEM12|200,)/.test(head)) return nem12(head);
  if (/^\s*[[{]/.test(head)) return jsonMapping(head, file, timezone);
  const tables = await Promise.all(DELIMITERS.map((delimiter) => tableIn(head, delimiter)));
  const table = tables.filter((found) => found !== null).toSorted((a, b) => b.rows[0]!.length - a.rows[0]!.length)[0];
  if (table === undefined)
    throw new InvalidInput(
      `${file.name} has no table with a time and numbers in its first rows: write a mapping manually`,
    );
  return mappingOf(table, device, timezone);
}

/** Fields are columns; a JSON file has no separator. */
function jsonMapping(head: string, file: InputFile, timezone: string): Found {
  const found = jsonTableIn(head.trimStart());
  if (found === null)
    throw new InvalidInput(
      `${file.name} has no list of objects with a time near its start: write a mapping manually (docs/import.md)`,
    );
  const { mapping, ...rest } = mappingOf(found.table, deviceNameOf(file), timezone, found.textIndexes);
  const { delimiter: _none, ...common } = mapping;
  return { ...rest, format: 'json', mapping: { ...(found.records !== null && { records: found.records }), ...common } };
}

/** National Electricity Market time is UTC+10 all year. */
function nem12(head: string): Found {
  const registers = new Map<string, number>();
  for (const line of head.split('\n')) {
    const cells = line.split(',');
    if (cells[0] === '200') registers.set(cells[4]!, Number(cells[8]));
  }
  const metrics = [...registers].map(([register, minutes]) => [
    register,
    { metric: perInterval(register.startsWith('B') ? 'export' : 'grid'), per: widthOfStep(minutes * MINUTE_MS) },
  ]);
  const long = { metric_column: 'register', value_column: 'value', metrics: Object.fromEntries(metrics) };
  const lines = head.split('\n', MAX_SAMPLE_ROWS).map((line) => line.split(','));
  return {
    format: 'nem12',
    sample: { columns: lines[0]!.map((_, i) => `#${i + 1}`), rows: lines },
    mapping: {
      format: 'nem12',
      device_column: 'nmi',
      timestamp: { column: 'time', format: 'yyyyMMdd HH:mm', timezone: 'Australia/Brisbane' },
      long: { ...long, others: 'ignore' },
    },
    notes: ['Registers are assumed to be in kWh; E is import from the grid, B export to it.'],
  };
}

/** @param textIndexes columns whose numbers may need a number format; default: all */
function mappingOf(
  { delimiter, names, rows, times }: Table,
  device: string,
  timezone: string,
  textIndexes?: ReadonlySet<number>,
): Found {
  const columns = names ?? rows[0]!.map((_, i) => (times.indexes.includes(i) ? `time${i + 1}` : `value${i + 1}`));
  const shown = {
    format: 'table' as const,
    sample: { columns: [...columns], rows: rows.slice(0, MAX_SAMPLE_ROWS).map((row) => [...row]) },
  };
  const nameAt = (index: number) =>
    columns.indexOf(columns[index]!) === columns.lastIndexOf(columns[index]!) ? columns[index]! : `#${index + 1}`;
  const indexes = columns.map((_, i) => i).filter((i) => !times.indexes.includes(i));
  const { format, reader, note } = numberFormatOf(
    rows,
    textIndexes ? indexes.filter((i) => textIndexes.has(i)) : indexes,
  );
  const notes = [...(note === null ? [] : [note]), ...timeNotes(times, timezone)];
  const slots = times.isDay ? slotsOf(columns) : null;
  const missing = [...MISSING, ...PERHAPS_MISSING.filter((text) => rows.some((row) => row.includes(text)))];
  const common = {
    device,
    delimiter,
    ...(names === null && { header: false, columns_in_order: columns }),
    ...(Object.keys(format).length > 0 && { number_format: format }),
    missing,
    timestamp: {
      column: times.indexes.length === 1 ? nameAt(times.indexes[0]!) : times.indexes.map(nameAt),
      format: slots !== null && times.format === 'iso' ? 'yyyy-MM-dd' : times.format,
      timezone,
      ...(times.isLocal && !times.isDay && changesClock(timezone) && { skipped: 'ignore' }),
      ...(times.closesDay && times.interval !== null && { midnight: 'end', shift_s: -times.interval / SECOND_MS }),
    },
  };
  const numbersAt = (index: number) =>
    rows.map((row) => reader.read(row[index]!)).filter((value) => value !== undefined);
  if (slots !== null) {
    notes.push('Slots are assumed to be kWh of consumption: check columns.slot.');
    return {
      ...shown,
      mapping: {
        ...common,
        slots,
        columns: { slot: { metric: perInterval('load'), per: widthOfStep(slots.minutes * MINUTE_MS) } },
      },
      notes,
    };
  }
  const long = longOf(rows, times, columns, reader);
  if (long !== null) {
    notes.push(`Each row is a value of the metric named by "${columns[long.metric]}": check long.metrics.`);
    return {
      ...shown,
      mapping: { ...common, long: longMapping(long, { rows, reader, columns, nameAt, interval: times.interval }) },
      notes,
    };
  }
  const found = meanings(indexes, { rows, reader, columns, nameAt, numbersAt, interval: times.interval });
  if (found.length === 0)
    throw new InvalidInput('the table has times, but no column of numbers: write a mapping manually');
  notes.push(...unitNotes(found));
  return { ...shown, mapping: { ...common, columns: Object.fromEntries(found) }, notes };
}

function timeNotes({ rival, isLocal, closesDay }: Times, timezone: string): string[] {
  return [
    ...(rival === null ? [] : [`Times also match the format ${rival}: check timestamp.format.`]),
    ...(isLocal
      ? [
          `Times are assumed to be in ${timezone}: check the time zone. Rows in an hour that its clock skips are counted and omitted.`,
        ]
      : []),
    ...(closesDay
      ? ['Days end at 0:00, so each time is assumed to mark the end of its interval: check timestamp.shift_s.']
      : []),
  ];
}

/** Whether a zone has daylight saving time. */
function changesClock(timezone: string): boolean {
  const offsets = Array.from({ length: 12 }, (_, month) => localIso(Date.UTC(2026, month, 15), timezone).slice(-6));
  return new Set(offsets).size > 1;
}

function unitNotes(found: readonly (readonly [string, Meaning])[]): string[] {
  const unknown = found
    .filter(([name, { metric, unit }]) => metric.endsWith('power_kw') && !unit && unitIn(name) === undefined)
    .map(([name]) => name);
  return unknown.length === 0
    ? []
    : [`The unit of ${unknown.join(', ')} is unknown; kW is assumed: check unit and scale.`];
}

/** The columns of name and value, for rows with repeated times. */
function longOf(rows: Table['rows'], { instants, indexes }: Times, columns: readonly string[], reader: NumberReader) {
  const repeated = (keys: readonly string[]) => keys.length - new Set(keys).size;
  const all = repeated(instants.map(String));
  if (all < rows.length / 4) return null;
  const free = columns.map((_, i) => i).filter((i) => !indexes.includes(i));
  const values = free.filter((i) => rows.every((row) => isMissing(row[i]!) || reader.read(row[i]!) !== undefined));
  const value = values.filter((i) => !IDENTIFIER.test(columns[i]!) && rows.some((row) => !isMissing(row[i]!)));
  const unit = free.find((i) => rows.every((row) => unitIn(row[i]!) === row[i]));
  const named = free
    .filter((i) => !values.includes(i) && i !== unit)
    .map((i) => ({ metric: i, left: repeated(rows.map((row, at) => `${instants[at]} ${row[i]}`)) }))
    .toSorted((a, b) => a.left - b.left)[0];
  if (named === undefined || named.left > all / 2 || value.length !== 1) return null;
  return { metric: named.metric, value: value[0]!, unit };
}

function longMapping(
  { metric, value, unit }: { metric: number; value: number; unit: number | undefined },
  { rows, reader, columns, nameAt, interval }: Omit<Columns, 'numbersAt'>,
) {
  const names = [...new Set(rows.map((row) => row[metric]!))].slice(0, MAX_COLUMNS);
  const metrics = names.map((name) => {
    const own = rows.filter((row) => row[metric] === name);
    const numbers = own.map((row) => reader.read(row[value]!)).filter((number) => number !== undefined);
    const symbol = unit === undefined ? '' : own[0]![unit]!;
    return [name, meaningOf(`${name} ${columns[value]} ${symbol}`, numbers, interval)] as const;
  });
  return { metric_column: nameAt(metric), value_column: nameAt(value), metrics: Object.fromEntries(metrics) };
}

function isMissing(text: string): boolean {
  return text === '' || MISSING.includes(text) || PERHAPS_MISSING.includes(text);
}

interface Columns {
  readonly rows: readonly (readonly string[])[];
  readonly reader: NumberReader;
  readonly columns: readonly string[];
  readonly nameAt: (index: number) => string;
  readonly numbersAt: (index: number) => number[];
  readonly interval: number | null;
}

/** Columns in which every text is a number or a missing value; each metric once. */
function meanings(indexes: readonly number[], of: Columns): (readonly [string, Meaning])[] {
  const taken = new Set<string>();
  return indexes.flatMap((index) => {
    const texts = of.rows.map((row) => row[index]!).filter((text) => !isMissing(text));
    if (texts.length === 0 || texts.some((text) => of.reader.read(text) === undefined)) return [];
    if (of.columns[index] === '' || IDENTIFIER.test(of.columns[index]!) || texts.every((text) => /^0\d+$/.test(text)))
      return [];
    const meaning = meaningOf(of.columns[index]!, of.numbersAt(index), of.interval);
    const unique = taken.has(meaning.metric) ? { metric: otherMetric(`${of.columns[index]!} ${index + 1}`) } : meaning;
    taken.add(unique.metric);
    return [[of.nameAt(index), unique] as const];
  });
}

/** The format that reads the most cells; the default if another format reads as many but gives different numbers. */
function numberFormatOf(rows: readonly (readonly string[])[], indexes: readonly number[]) {
  const cells = rows
    .flatMap((row) => indexes.map((index) => row[index]!))
    .filter((cell) => /^[-+(\u2212]?[\d.,]/.test(cell));
  const tried = NUMBER_FORMATS.map((format) => {
    const reader = new NumberReader(NumberFormat.parse(format));
    return {
      format: format as Partial<Mapping['number_format']>,
      reader,
      read: cells.filter((cell) => reader.read(cell) !== undefined).length,
    };
  });
  const best = tried.reduce((a, b) => (b.read > a.read ? b : a));
  const rival = tried.find(
    (one) =>
      one !== best && one.read === best.read && cells.some((cell) => one.reader.read(cell) !== best.reader.read(cell)),
  );
  if (rival === undefined) return { ...best, note: null };
  return {
    format: {},
    reader: best.reader,
    note: 'Numbers such as 1.234 or 1,234 are ambiguous: check number_format.',
  };
}

function slotsOf(columns: readonly string[]): { first: string; count: number; minutes: number } | null {
  const first = columns.findIndex((name) => SLOT_NAME.test(name));
  if (first < 0) return null;
  const after = columns.slice(first).findIndex((name) => !SLOT_NAME.test(name));
  const count = after < 0 ? columns.length - first : after;
  const minutesOf = (name: string) => Date.parse(`1970-01-01T${name.slice(0, 5).trim().padStart(5, '0')}Z`) / MINUTE_MS;
  const minutes = minutesOf(columns[first + 1] ?? '') - minutesOf(columns[first]!);
  return minutesOf(columns[first]!) === 0 && minutes > 0 && count * minutes <= 1440
    ? { first: columns[first]!, count, minutes }
    : null;
}
