import {
  Conflict,
  Corrupt,
  type ErrorOptions,
  ExpectedError,
  Forbidden,
  InvalidInput,
  MethodNotAllowed,
  messageOf,
  NotFound,
  Unauthorized,
  Unavailable,
} from './errors.ts';

/** An error in transfer between threads; a structured clone would lose its class and its fields. */
export interface WireError {
  /** Class of an expected error, `Error` for a defect. */
  readonly kind: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly cause: WireError | undefined;
  readonly options: Omit<ErrorOptions, 'cause'>;
}

/** Classes of expected errors by name. */
export type ErrorClasses = Record<string, new (message: string, options?: ErrorOptions) => ExpectedError>;
const EXPECTED: ErrorClasses = {
  ...{ InvalidInput, NotFound, MethodNotAllowed, Conflict, Unavailable, Corrupt, Unauthorized, Forbidden },
};

/** A longer chain of causes is cut. */
const MAX_CAUSES = 10;

export function toWire(error: unknown, causes = MAX_CAUSES): WireError {
  const inner = error instanceof Error && causes > 0 ? error.cause : undefined;
  const common = {
    message: messageOf(error),
    stack: error instanceof Error ? error.stack : undefined,
    cause: inner === undefined ? undefined : toWire(inner, causes - 1),
  };
  if (!(error instanceof ExpectedError)) return { kind: 'Error', ...common, options: {} };
  const { name: kind, code, fields, retryAfterS } = error;
  return { kind, ...common, options: { code, fields, ...(retryAfterS !== undefined && { retryAfterS }) } };
}

/**
 * Restores the error as it was thrown on the other thread, with its stack and its causes.
 * @param more classes of errors besides those of `errors.ts`
 */
export function fromWire({ kind, message, stack, cause: inner, options }: WireError, more: ErrorClasses = {}): Error {
  const cause = inner && { cause: fromWire(inner, more) };
  const Expected = new Map(Object.entries({ ...EXPECTED, ...more })).get(kind);
  const error = Expected ? new Expected(message, { ...options, ...cause }) : new Error(message, cause);
  if (stack !== undefined) error.stack = stack;
  return error;
}
