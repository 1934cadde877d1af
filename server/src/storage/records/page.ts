import { type SelectQueryBuilder, sql } from 'kysely';
import { InvalidInput } from '../../domain/errors.ts';
import type { Schema } from './schema.ts';

/** A page of a list, with the cursor of the next page. */
export interface Page<T> {
  readonly items: readonly T[];
  /** The `cursor` of the next page; null on the last page. */
  readonly nextCursor: string | null;
}

export interface PageRequest {
  /** Items on the page, 1 to 1000. */
  readonly limit: number;
  /** `nextCursor` of the previous page. */
  readonly cursor?: string | undefined;
}

/** Maximum number of items on a page of any list. */
const MAX_PAGE = 1000;

export type CursorKey = readonly (string | number)[];

/**
 * Cuts a page out of up to `limit + 1` rows; the extra row only shows that more follow.
 *
 * @param keyOf the sort key of a row; the next page starts after it, so that rows added or deleted meanwhile do not shift the pages
 */
export function pageFrom<T>(rows: readonly T[], limit: number, keyOf: (row: T) => CursorKey): Page<T> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const more = rows.length > limit && last !== undefined;
  return { items, nextCursor: more ? cursorOf(keyOf(last)) : null };
}

/** The cursor of the page after the item with a given sort key. */
export function cursorOf(key: CursorKey): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url');
}

/**
 * Returns a page of a query without an order.
 *
 * @param columns the columns to order by, with their types; unique in combination
 */
export async function pageOfQuery<Tables extends keyof Schema, Row, T>(
  query: SelectQueryBuilder<Schema, Tables, Row>,
  request: PageRequest,
  direction: 'asc' | 'desc',
  columns: Readonly<Record<string, 'number' | 'string'>>,
  toItem: (row: Row) => T,
): Promise<Page<T>> {
  const limit = Math.min(Math.max(Math.trunc(request.limit), 1), MAX_PAGE);
  const after = cursorKey(request.cursor, ...Object.values(columns));
  const names = Object.keys(columns);
  const refs = names.map((name) => sql.ref(name));
  let ordered = query.limit(limit + 1);
  for (const ref of refs) ordered = ordered.orderBy(ref, direction);
  if (after !== null) {
    const comparison = sql.raw(direction === 'asc' ? '>' : '<');
    ordered = ordered.where(sql<boolean>`(${sql.join(refs)}) ${comparison} (${sql.join(after)})`);
  }
  const keys = names.map((name) => name.slice(name.lastIndexOf('.') + 1));
  const keyOf = (row: Row) => keys.map((key) => (row as Readonly<Record<string, string | number>>)[key]!);
  const page = pageFrom(await ordered.execute(), limit, keyOf);
  return { items: page.items.map(toItem), nextCursor: page.nextCursor };
}

/**
 * Returns a page of a list in memory, as JSON for the API.
 *
 * @param idOf unique id of an item; the next page starts after the last item of this one
 * @throws InvalidInput when that item no longer exists, so that no item is skipped or repeated
 */
export function pageOfList<T>(
  list: readonly T[],
  { limit, cursor }: PageRequest,
  idOf: (item: T) => string,
): { items: T[]; next_cursor: string | null } {
  const after = cursorKey(cursor, 'string')?.[0];
  const from = after === undefined ? 0 : list.findIndex((item) => idOf(item) === after) + 1;
  if (after !== undefined && from === 0)
    throw invalidCursor('names an entry that is no longer in the list: start again without a cursor');
  const { items, nextCursor } = pageFrom(list.slice(from, from + limit + 1), limit, (item) => [idOf(item)]);
  return { items: [...items], next_cursor: nextCursor };
}

/** The sort key in a cursor, or null without one; throws InvalidInput for a cursor of another list. Numbers are integers. */
export function cursorKey(cursor: string | undefined, ...types: readonly ('number' | 'string')[]): CursorKey | null {
  if (cursor === undefined) return null;
  const key = parse(cursor);
  if (!Array.isArray(key) || key.length !== types.length || !types.every((type, i) => isOfType(key[i], type))) {
    throw invalidCursor(`must be the next_cursor of the previous page; got "${cursor.slice(0, 60)}"`);
  }
  return key;
}

function isOfType(value: unknown, type: 'number' | 'string'): boolean {
  return type === 'number' ? Number.isSafeInteger(value) : typeof value === type;
}

function invalidCursor(detail: string): InvalidInput {
  return new InvalidInput(`cursor ${detail}`, { fields: [{ field: 'cursor', detail }] });
}

function parse(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
