import {
  Conflict,
  Corrupt,
  type ErrorOptions,
  ExpectedError,
  Forbidden,
  InvalidInput,
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
  readonly options: ErrorOptions;
}

const EXPECTED = { InvalidInput, NotFound, Conflict, Unavailable, Corrupt, Unauthorized, Forbidden };

export function toWire(error: unknown): WireError {
  const message = messageOf(error);
  const cause = error instanceof Error && error.stack !== undefined ? { cause: error.stack } : {};
  if (!(error instanceof ExpectedError)) return { kind: 'Error', message, options: cause };
  const { name: kind, code, fields, retryAfterS } = error;
  return { kind, message, options: { ...cause, code, fields, ...(retryAfterS !== undefined && { retryAfterS }) } };
}

/** Restores the error; its stack on the other thread is the cause. */
export function fromWire({ kind, message, options }: WireError): Error {
  const Expected = Object.entries(EXPECTED).find(([name]) => name === kind)?.[1];
  return Expected ? new Expected(message, options) : new Error(message, options);
}
