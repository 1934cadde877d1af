import type { Readable } from 'node:stream';
import { JSONParser, TokenizerError, TokenParserError } from '@streamparser/json';
import { ownValue } from '@wattkeeper/contract/own-value.ts';
import { InvalidInput, messageOf } from '../../domain/errors.ts';
import { exceededLimit, type JsonLimits } from '../../domain/json-limits.ts';
import type { FileRecord } from './file-record.ts';

/** Maximum size of one record, in characters or bytes. */
export const MAX_RECORD_SIZE = 8 * 1024 * 1024;
/** Limits of one record. */
export const RECORD_LIMITS: JsonLimits = { depth: 32, brackets: 10_000, commas: 100_000 };
/** Maximum number of fields named in a message. */
const MAX_FIELDS_NAMED = 40;

/** Extracts the mapped fields of objects, by name or by a path such as `battery.soc_percent`. */
export class JsonFields {
  readonly #mapped: readonly string[];
  readonly #paths: readonly (readonly string[])[];
  readonly #absent: Set<string>;
  readonly #found = new Set<string>();

  constructor(mapped: readonly string[]) {
    this.#mapped = mapped;
    this.#paths = mapped.map((name) => name.split('.'));
    this.#absent = new Set(mapped);
  }

  take(position: number, record: unknown): FileRecord {
    if (typeof record !== 'object' || record === null || Array.isArray(record))
      return { position, broken: `must be an object; got ${kindOf(record)}` };
    const cells = this.#mapped.map((name, i) => this.#cell(record as Readonly<Record<string, unknown>>, name, i));
    if (this.#absent.size > 0) this.#note(record, cells);
    return { position, cells };
  }

  absent(): { columns: readonly string[]; found: readonly string[] } {
    return { columns: [...this.#absent], found: [...this.#found] };
  }

  #cell(record: Readonly<Record<string, unknown>>, name: string, i: number): unknown {
    const whole = ownValue(record, name);
    if (whole !== undefined) return whole;
    const path = this.#paths[i]!;
    if (path.length === 1) return undefined;
    return path.reduce<unknown>((node, key) => (isObject(node) ? ownValue(node, key) : undefined), record);
  }

  #note(record: object, cells: readonly unknown[]): void {
    for (const [i, cell] of cells.entries()) if (cell !== undefined) this.#absent.delete(this.#mapped[i]!);
    if (this.#found.size < MAX_FIELDS_NAMED) for (const field of fieldsOf(record)) this.#found.add(field);
  }
}

/** Yields one JSON object per line; an unreadable line affects no other. */
export async function* jsonLineRecords(text: Readable, fields: JsonFields): AsyncGenerator<FileRecord> {
  let position = 0;
  let rest = '';
  for await (const chunk of text.setEncoding('utf8') as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() as string;
    if (rest.length > MAX_RECORD_SIZE) throw tooLong(`line ${position + lines.length + 1}`);
    for (const line of lines) {
      position++;
      if (line.trim() !== '') yield readLine(position, line, fields);
    }
  }
  if (rest.trim() !== '') yield readLine(position + 1, rest, fields);
}

function readLine(position: number, line: string, fields: JsonFields): FileRecord {
  const limit = exceededLimit(line, RECORD_LIMITS);
  if (limit !== null) return { position, broken: `exceeds the limit of ${RECORD_LIMITS[limit]} on ${limit}` };
  try {
    return fields.take(position, JSON.parse(line.replace(/^\uFEFF/, '')));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { position, broken: 'is not JSON' };
  }
}

/**
 * Yields the objects of a list inside one JSON text, of consecutive objects, or a single object. Only the current object is held in
 * memory.
 * @param list path of the objects: `$.*`, `$`, `$.data.readings.*`
 */
export async function* jsonArrayRecords(text: Readable, list: string, fields: JsonFields): AsyncGenerator<FileRecord> {
  const parser = new JSONParser({ paths: [list], keepStack: false, ...(list === '$' && { separator: '' }) });
  let ready: unknown[] = [];
  let position = 0;
  let sinceRecord = 0;
  parser.onValue = ({ value }) => ready.push(value);
  for await (const chunk of text as AsyncIterable<Buffer | string>) {
    let broken: unknown;
    try {
      parser.write(chunk);
    } catch (error) {
      broken = error;
    }
    const records = ready;
    ready = [];
    sinceRecord = records.length > 0 ? 0 : sinceRecord + chunk.length;
    if (sinceRecord > MAX_RECORD_SIZE) throw tooLong(`record ${position + 1}`);
    for (const record of records) yield fields.take(++position, record);
    if (broken !== undefined) throw broken;
  }
  if (!parser.isEnded) endOf(parser, position);
}

/** Throws if the text ends within a value. */
function endOf(parser: JSONParser, records: number): void {
  try {
    parser.end();
  } catch (error) {
    throw new TokenParserError(`it ends in the middle, after ${records} complete records (${messageOf(error)})`);
  }
}

/** The type of a value found instead of an object, without its content. */
function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`;
}

/** The position of a JSON syntax error; the parsers' messages would also quote the text. */
export function placeOf(error: unknown): string {
  const position = /absolute position "(\d+)"/.exec(messageOf(error))?.[1];
  if (position !== undefined) return `at character ${Number(position) + 1}`;
  return /it ends in the middle/.test(messageOf(error)) ? 'it ends in the middle' : 'a value is not where one belongs';
}

/** Whether the error is in the bytes of the file. */
export function isBroken(error: unknown): boolean {
  if (error instanceof TokenizerError || error instanceof TokenParserError) return true;
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return code.startsWith('Z_') || code === 'ERR_ENCODING_INVALID_ENCODED_DATA';
}

function tooLong(which: string): InvalidInput {
  return new InvalidInput(
    `${which} has no end within ${MAX_RECORD_SIZE / 1024 / 1024} MB: if the records are a list inside an object, set records to its path, such as records: data.readings`,
  );
}

function* fieldsOf(record: object, prefix = ''): Generator<string> {
  for (const [key, value] of Object.entries(record)) {
    if (isObject(value)) yield* fieldsOf(value, `${prefix}${key}.`);
    else yield `${prefix}${key}`;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
