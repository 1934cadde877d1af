import pino, { type Logger } from 'pino';
import { HIDDEN, secretsIn } from '../domain/secrets.ts';
import { Config } from './schema.ts';

/** Maximum depth of nested causes in a log entry. */
const MAX_CAUSES = 5;
/** Hiding a shorter secret would remove ordinary words from messages. Messages contain none: quoted addresses omit passwords. */
const MIN_SECRET_CHARACTERS = 6;

/** Opens the log on standard error, one JSON object per line. It contains no secret of the configuration. */
export function openLog(
  config: Config,
  level: string,
  destination = pino.destination({ dest: 2, sync: true }),
): Logger {
  const hide = hiding(secretsIn(Config, config));
  return pino({ level, base: null, serializers: { err: describeError }, hooks: { streamWrite: hide } }, destination);
}

interface LoggedError {
  readonly type: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly code?: unknown;
  readonly cause?: unknown;
}

/** The logged properties of an error. Others are omitted: database and cloud clients store entire requests in them, including credentials. */
function describeError(error: unknown, depth = 0): LoggedError | string {
  if (!(error instanceof Error)) return typeof error === 'string' ? error : typeof error;
  const { code } = error as NodeJS.ErrnoException;
  return {
    type: error.constructor.name,
    message: error.message,
    stack: error.stack,
    ...(['string', 'number'].includes(typeof code) && { code }),
    ...(error.cause !== undefined && depth < MAX_CAUSES && { cause: describeError(error.cause, depth + 1) }),
  };
}

/** Hides secrets in lines: unencoded, encoded as JSON, and encoded as JSON twice. */
function hiding(secrets: readonly string[]): (line: string) => string {
  const long = secrets.filter(({ length }) => length >= MIN_SECRET_CHARACTERS);
  const quoted = (text: string) => JSON.stringify(text).slice(1, -1);
  const forms = [...new Set(long.flatMap((secret) => [secret, quoted(secret), quoted(quoted(secret))]))];
  const longestFirst = forms.sort((a, b) => b.length - a.length);
  return (line) => longestFirst.reduce((text, secret) => text.replaceAll(secret, HIDDEN), line);
}
