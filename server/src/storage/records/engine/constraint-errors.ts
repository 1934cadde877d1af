/** Extended result codes of SQLite: https://sqlite.org/rescode.html */
const SQLITE_FOREIGNKEY = 787;
const SQLITE_PRIMARYKEY = 1555;
const SQLITE_UNIQUE = 2067;
/** SQLSTATEs of PostgreSQL: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const POSTGRES_FOREIGNKEY = '23503';
const POSTGRES_UNIQUE = '23505';

/** Whether a statement failed because a key is already taken. */
export function isTaken(error: unknown): boolean {
  return hasCode(error, SQLITE_UNIQUE, SQLITE_PRIMARYKEY, POSTGRES_UNIQUE);
}

/** Whether a statement failed because a referenced row is missing, or because other rows refer to the row that it removes. */
export function isDangling(error: unknown): boolean {
  return hasCode(error, SQLITE_FOREIGNKEY, POSTGRES_FOREIGNKEY);
}

function hasCode(error: unknown, ...codes: readonly unknown[]): boolean {
  if (!(error instanceof Error)) return false;
  const { errcode, code } = error as { errcode?: unknown; code?: unknown };
  return codes.includes(errcode) || codes.includes(code);
}
