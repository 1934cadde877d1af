import { Conflict, Corrupt, ExpectedError, messageOf, Unavailable } from '../../domain/errors.ts';

const LOCKED = /could not set lock|conflicting lock|being used by another process/i;
const DAMAGED =
  /not a valid duckdb database|corrupt|checksum|serialization error|failed to deserialize|wal file .* (invalid|truncated)|could not read enough bytes/i;
const OTHER_VERSION = /database file with version|storage version|newer version of duckdb/i;
const NO_SPACE = /no space left|disk full|out of disk/i;
/** Kinds of exceptions that depend only on the statement and the data: duckdb/src/common/exception.cpp. The appender omits the kind. */
const PERMANENT =
  /^(Binder|Catalog|Constraint|Conversion|Invalid Input|Invalid Type|Mismatch Type|Not implemented|Out of Range|Parser|Syntax) Error:|^Failed to append: .*\bconstraint failed/;
const NO_MEMORY = /out of memory/i;

/** Converts an exception of DuckDB to an error that names the remedy. */
export function explainError(path: string, error: unknown): unknown {
  if (error instanceof ExpectedError || (error instanceof DOMException && error.name === 'AbortError')) return error;
  const text = messageOf(error).split('\n')[0]!;
  const cause = { cause: error };
  if (LOCKED.test(text)) {
    return new Unavailable(
      `${path} is open in another process, and DuckDB allows only one: stop the other process, or use its API; ${text}`,
      cause,
    );
  }
  if (OTHER_VERSION.test(text)) {
    return new Corrupt(
      `${path} was written by another version of DuckDB: use the program that wrote it; ${text}`,
      cause,
    );
  }
  if (DAMAGED.test(text)) {
    return new Corrupt(
      `${path} is damaged: restore it from a backup, or move it away to start with a new file; ${text}`,
      cause,
    );
  }
  if (NO_SPACE.test(text)) return new Unavailable(`the disk of ${path} is full: free some space; ${text}`, cause);
  if (NO_MEMORY.test(text)) {
    return new Unavailable(
      `DuckDB needs more memory for ${path}: raise memory_limit_mb or request less; ${text}`,
      cause,
    );
  }
  if (PERMANENT.test(text)) return new Conflict(`DuckDB rejects this in ${path}: ${text}`, cause);
  if (/^[A-Za-z ]+ Error:/.test(text)) return new Unavailable(`DuckDB cannot do this with ${path}: ${text}`, cause);
  return error;
}
