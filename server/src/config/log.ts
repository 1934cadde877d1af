import pino, { type Logger } from 'pino';
import { HIDDEN, secretsIn } from '../domain/secrets.ts';
import { Config } from './schema.ts';

/** Causes of causes that a log entry follows. */
const MAX_CAUSES = 5;
/** A shorter secret would take words out of every message, and is in none: what quotes addresses leaves passwords out. */
const MIN_SECRET_CHARACTERS = 6;

/** The log on standard error, one JSON object a line. No secret of the configuration is in it. */
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

/** What a log tells of an error. Other properties stay out: clients of databases and clouds keep whole requests there, with their credentials. */
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

/** Takes secrets out of lines, as they are, and as JSON has them and JSON in a text of JSON. */
function hiding(secrets: readonly string[]): (line: string) => string {
  const long = secrets.filter(({ length }) => length >= MIN_SECRET_CHARACTERS);
  const quoted = (text: string) => JSON.stringify(text).slice(1, -1);
  const forms = [...new Set(long.flatMap((secret) => [secret, quoted(secret), quoted(quoted(secret))]))];
  const longestFirst = forms.sort((a, b) => b.length - a.length);
  return (line) => longestFirst.reduce((text, secret) => text.replaceAll(secret, HIDDEN), line);
}
