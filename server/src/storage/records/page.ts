import { InvalidInput } from '../../domain/errors.ts';

/** A bounded part of a list, and where the next part starts. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Pass it as `cursor` to get what follows; null at the end. */
  readonly nextCursor: string | null;
}

export interface PageRequest {
  /** Most items in the answer, 1 to 1000. */
  readonly limit: number;
  /** `nextCursor` of the page before. */
  readonly cursor?: string | undefined;
}

/** The largest page of any list. */
const MAX_PAGE = 1000;

/** Items to answer with, held to what a page may have. */
export function pageLimit(request: PageRequest): number {
  return Math.min(Math.max(Math.trunc(request.limit), 1), MAX_PAGE);
}

export type CursorKey = readonly (string | number)[];

/**
 * Cuts a page out of up to `limit + 1` rows, of which the extra one only tells that more follows.
 *
 * @param keyOf the sort key of a row: the next page starts behind it, so rows that come and go in between shift nothing
 */
export function pageFrom<T>(rows: readonly T[], limit: number, keyOf: (row: T) => CursorKey): Page<T> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const more = rows.length > limit && last !== undefined;
  return { items, nextCursor: more ? Buffer.from(JSON.stringify(keyOf(last))).toString('base64url') : null };
}

/** The sort key in a cursor, or null without one; throws InvalidInput for a cursor that this list never gave out. */
export function cursorKey(cursor: string | undefined, ...types: readonly ('number' | 'string')[]): CursorKey | null {
  if (cursor === undefined) return null;
  const key = parse(cursor);
  if (!Array.isArray(key) || key.length !== types.length || !types.every((type, i) => typeof key[i] === type)) {
    const detail = `must be the next_cursor of the page before; got "${cursor.slice(0, 60)}"`;
    throw new InvalidInput(`cursor ${detail}`, { fields: [{ field: 'cursor', detail }] });
  }
  return key;
}

function parse(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
