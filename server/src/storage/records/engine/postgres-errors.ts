import { DatabaseError } from 'pg';
import { Corrupt, ExpectedError, InvalidInput, Unavailable } from '../../../domain/errors.ts';
import { quoted } from '../../../outbound/foreign-text.ts';

/** Address of a database for messages, without the password. */
export interface PostgresPlace {
  /** `host:port/database`. */
  readonly name: string;
  readonly user: string;
  readonly database: string;
  readonly schema: string;
  /** Configuration path of the connection: `records`. */
  readonly setting: string;
}

const RETRY_AFTER_S = 5;
/** Messages of `pg` for a lost connection without a code of the operating system. */
const CONNECTION_LOST =
  /^(Connection terminated|Client (was closed|has encountered)|timeout exceeded|Query read timeout)/;

/** Message of Citus for a lost worker, which has no code. */
const WORKER_LOST = /^failure on connection marked as essential/;

/** Converts the error of a statement to one that names the remedy; errors caused by a defective query are returned unchanged. */
export function translatePostgresError(error: unknown, place: PostgresPlace): unknown {
  if (error instanceof DatabaseError) return translateServerError(error, place);
  if (!(error instanceof Error) || !isConnectionError(error)) return error;
  return new Unavailable(
    `the connection to PostgreSQL at ${place.name} was lost (${error.message}): the next request reconnects; check that the server is running`,
    { cause: error, retryAfterS: RETRY_AFTER_S },
  );
}

/** As `translatePostgresError`, for a failed connection attempt. */
export function translateConnectError(error: unknown, place: PostgresPlace): unknown {
  if (error instanceof DatabaseError) return translateServerError(error, place);
  const said = error instanceof ExpectedError ? error.message : textOf(error);
  if (said.includes('password must be a string')) return wrongPassword(error, place);
  return new Unavailable(
    `PostgreSQL at ${place.name} cannot be reached (${said}): check host, port and TLS in ${place.setting}, and that the server is running and accepts connections from here`,
    { cause: error, retryAfterS: RETRY_AFTER_S },
  );
}

function textOf(error: unknown): string {
  return error instanceof AggregateError ? error.errors.map(String).join('; ') : String(error);
}

function isConnectionError(error: Error): boolean {
  return 'syscall' in error || CONNECTION_LOST.test(error.message);
}

/** By SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html */
function translateServerError(error: DatabaseError, place: PostgresPlace): unknown {
  const said = quoted(error.message);
  const unavailable = (message: string) => new Unavailable(message, { cause: error, retryAfterS: RETRY_AFTER_S });
  switch (error.code) {
    case '28P01':
    case '28000':
      return wrongPassword(error, place);
    case '3D000':
      return unavailable(
        `there is no database "${place.database}" on PostgreSQL at ${place.name}: create it with CREATE DATABASE "${place.database}" OWNER "${place.user}", or set ${place.setting}.database to one that exists`,
      );
    case '42501':
      return unavailable(
        `the user "${place.user}" lacks permissions in PostgreSQL at ${place.name} (${said}): GRANT CREATE ON DATABASE "${place.database}" TO "${place.user}", or make that user the owner of the schema "${place.schema}"`,
      );
    case '25006':
      return unavailable(
        `PostgreSQL at ${place.name} is read-only (${said}): connect to the primary server, not to a standby`,
      );
    case '55P03':
    case '40P01':
    case '40001':
      return unavailable(`PostgreSQL at ${place.name} is locked by another program (${said}): try again`);
    case '57014':
      return unavailable(
        `PostgreSQL at ${place.name} cancelled a statement (${said}): request less data at a time, or raise the statement timeout`,
      );
    case '22021':
      return new InvalidInput('a text must not contain the character NUL', { cause: error });
    case '22008':
      return new InvalidInput(`an instant is outside the range of PostgreSQL, 4714 BC to 294276 (${said})`, {
        cause: error,
      });
    case '54000':
    case '54011':
      return new InvalidInput(
        `a row or table is too wide for PostgreSQL at ${place.name}, which accepts about 1,000 values in a row (${said}): spread the quantities over groups`,
        { cause: error },
      );
    case 'XX001':
    case 'XX002':
      return new Corrupt(`PostgreSQL at ${place.name} reports damaged data (${said}): restore a backup`, {
        cause: error,
      });
  }
  // 08: connection; 53: out of connections, memory or disk; 57: stopped or starting; 58: system errors.
  if (/^(08|53|57|58)/.test(error.code ?? '') || WORKER_LOST.test(said)) {
    return unavailable(`PostgreSQL at ${place.name} is not available at present (${said}): check the server's log`);
  }
  return error;
}

function wrongPassword(error: unknown, place: PostgresPlace): Unavailable {
  return new Unavailable(
    `PostgreSQL at ${place.name} rejects the user "${place.user}" (${quoted((error as Error).message)}): check ${place.setting}.user, ${place.setting}.password and the server's pg_hba.conf`,
    { cause: error },
  );
}
