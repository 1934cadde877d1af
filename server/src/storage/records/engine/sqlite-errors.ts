import { Conflict, Corrupt, Unavailable } from '../../../domain/errors.ts';

/** Primary result codes, the low byte of `errcode` of `node:sqlite`: https://sqlite.org/rescode.html */
const BUSY = 5;
const LOCKED = 6;
const READONLY = 8;
const IOERR = 10;
const CORRUPT = 11;
const FULL = 13;
const CANTOPEN = 14;
const NOTADB = 26;
const TOOBIG = 18;
const CONSTRAINT = 19;
const MISMATCH = 20;
const RANGE = 25;
const PERMANENT: ReadonlySet<number> = new Set([TOOBIG, CONSTRAINT, MISMATCH, RANGE]);
const RETRY_AFTER_S = 5;

/** Converts an error of SQLite to one that names the remedy; errors caused by a defective query are returned unchanged. */
export function translateSqliteError(error: unknown, path: string): unknown {
  const code = sqliteCode(error);
  if (code === undefined) return error;
  const said = (error as Error).message;
  switch (code & 0xff) {
    case BUSY:
    case LOCKED:
      return new Unavailable(`the database ${path} is locked by another program: stop that program, or try again`, {
        cause: error,
        retryAfterS: RETRY_AFTER_S,
      });
    case CORRUPT:
    case NOTADB:
      return new Corrupt(
        `the database ${path} is damaged or is not a SQLite database (${said}): move it away, with its -wal and -shm files, and restore a backup, or start without it`,
        { cause: error },
      );
    case FULL:
      return new Unavailable(`the disk with ${path} is full: free some space`, { cause: error });
    case READONLY:
    case CANTOPEN:
    case IOERR:
      return new Unavailable(
        `the database ${path} cannot be opened or written (${said}): check that its folder exists, that this user has write permission, and that the disk works`,
        { cause: error },
      );
    default:
      return error;
  }
}

/** Converts constraint violations of a telemetry database to `Conflict`; the record store handles its own. */
export function explainSqliteRejection(error: unknown, path: string): unknown {
  const code = sqliteCode(error);
  if (code === undefined || !PERMANENT.has(code & 0xff)) return error;
  return new Conflict(`SQLite rejects this in ${path}: ${(error as Error).message}`, { cause: error });
}

function sqliteCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined;
  return error.errcode;
}
