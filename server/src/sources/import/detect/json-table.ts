import { exceededLimit } from '../../../domain/json-limits.ts';
import { MAX_COLUMNS, type Table, timesIn } from './find-table.ts';

/** A list of objects as a table. */
export interface JsonTable {
  readonly table: Table;
  /** Path of the list inside the text; null if the text is the list, or a sequence of its objects. */
  readonly records: string | null;
  /** Columns with texts, in which numbers may need a number format. */
  readonly textIndexes: ReadonlySet<number>;
}

const MAX_SAMPLE_ROWS = 300;
/** Levels of objects that are searched for lists and fields. */
const MAX_LEVELS = 5;
/** Values that are examined. */
const MAX_NODES = 100_000;
const HEAD_LIMITS = { depth: 32, brackets: 65_536, commas: 65_536 };

/** The first list of objects with a time near the start of a JSON text, which may be truncated; null without one. */
export function jsonTableIn(head: string): JsonTable | null {
  const lines = linesOf(head);
  if (lines.length > 1) return tableOf(lines, null);
  const root = parsed(head) ?? parsed(closed(head));
  if (root === undefined || root === null) return null;
  const lists = listsIn(root).toSorted((a, b) => b.records.length - a.records.length);
  for (const { path, records } of lists) {
    const found = tableOf(records, path === '' ? null : path);
    if (found !== null) return found;
  }
  return Array.isArray(root) ? null : tableOf([root], null);
}

/** One object per line; the last line may be truncated. */
function linesOf(head: string): unknown[] {
  if (!head.startsWith('{')) return [];
  const lines = head.split('\n', MAX_SAMPLE_ROWS).filter((line) => line.trim() !== '');
  const objects: unknown[] = [];
  for (const line of lines) {
    const object = parsed(line);
    if (object === undefined) break;
    objects.push(object);
  }
  return objects;
}

function parsed(text: string): unknown {
  if (exceededLimit(text, HEAD_LIMITS) !== null) return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Closes the brackets of a truncated text after its last complete element. */
function closed(text: string): string {
  const open: string[] = [];
  let cut = { at: 0, closers: '' };
  for (let i = 0; i < text.length; i++) {
    const character = text[i]!;
    if (character === '"') {
      for (i++; i < text.length && text[i] !== '"'; i++) if (text[i] === '\\') i++;
    } else if (character === '[' || character === '{') open.push(character === '[' ? ']' : '}');
    else if (character === ']' || character === '}') open.pop();
    else if (character === ',') cut = { at: i, closers: open.toReversed().join('') };
  }
  return text.slice(0, cut.at) + cut.closers;
}

/** Lists of objects, with their paths. */
function listsIn(root: unknown): { path: string; records: unknown[] }[] {
  const found: { path: string; records: unknown[] }[] = [];
  let waiting: { path: string; node: unknown }[] = [{ path: '', node: root }];
  for (let level = 0; level < MAX_LEVELS && waiting.length < MAX_NODES; level++) {
    const next: typeof waiting = [];
    for (const { path, node } of waiting) {
      if (Array.isArray(node)) found.push({ path, records: node.filter(isObject).slice(0, MAX_SAMPLE_ROWS) });
      else if (isObject(node)) {
        // A key that contains a dot cannot be part of a path.
        for (const [key, inner] of Object.entries(node))
          if (!key.includes('.')) next.push({ path: path === '' ? key : `${path}.${key}`, node: inner });
      }
    }
    waiting = next;
  }
  return found;
}

function tableOf(records: readonly unknown[], path: string | null): JsonTable | null {
  const flat = records.map((record) => new Map(fieldsOf(record, '', 0)));
  const names = [...new Set(flat.flatMap((fields) => [...fields.keys()]))].slice(0, MAX_COLUMNS);
  const rows = flat.map((fields) => names.map((name) => textOf(fields.get(name))));
  const times = rows.length === 0 || names.length === 0 ? null : timesIn(rows);
  if (times === null) return null;
  const textIndexes = new Set(
    [...names.keys()].filter((i) => flat.some((fields) => typeof fields.get(names[i]!) === 'string')),
  );
  return { table: { delimiter: '', names, rows, times }, records: path, textIndexes };
}

function* fieldsOf(node: unknown, prefix: string, level: number): Generator<[string, unknown]> {
  if (!isObject(node)) return;
  for (const [key, value] of Object.entries(node)) {
    if (isObject(value) && level < MAX_LEVELS) yield* fieldsOf(value, `${prefix}${key}.`, level + 1);
    else if (!Array.isArray(value)) yield [`${prefix}${key}`, value];
  }
}

function textOf(value: unknown): string {
  return value === undefined || value === null || typeof value === 'object' ? '' : String(value);
}

function isObject(node: unknown): node is Readonly<Record<string, unknown>> {
  return typeof node === 'object' && node !== null && !Array.isArray(node);
}
