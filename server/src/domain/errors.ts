import type { ErrorCode } from '@wattkeeper/contract/errors.ts';

/** Options of every expected error in addition to its message. */
export interface ErrorOptions {
  readonly code?: ErrorCode;
  /** One entry per invalid field. */
  readonly fields?: readonly FieldError[];
  readonly cause?: unknown;
  /** Seconds after which to retry. */
  readonly retryAfterS?: number;
}

export interface FieldError {
  readonly field: string;
  readonly detail: string;
  /** Code of the error, where programs must distinguish several. */
  readonly code?: string;
}

/** An expected failure: its message states what was found, what is allowed and what to do. Any other error is a defect. */
export abstract class ExpectedError extends Error {
  readonly code: ErrorCode;
  readonly fields: readonly FieldError[];
  readonly retryAfterS: number | undefined;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = options.code ?? code;
    this.fields = options.fields ?? [];
    this.retryAfterS = options.retryAfterS;
    this.name = new.target.name;
  }
}

/** Invalid input from the caller. */
export class InvalidInput extends ExpectedError {
  constructor(message: string, options?: ErrorOptions) {
    super('invalid_input', message, options);
  }
}

/** The named object does not exist. */
export class NotFound extends ExpectedError {
  constructor(message: string, options?: ErrorOptions) {
    super('not_found', message, options);
  }
}

/** The named object exists but does not support this method. */
export class MethodNotAllowed extends ExpectedError {
  constructor(message: string, options?: ErrorOptions) {
    super('method_not_allowed', message, options);
  }
}

/** The request conflicts with the current state. */
export class Conflict extends ExpectedError {
  constructor(message: string, options?: ErrorOptions) {
    super('conflict', message, options);
  }
}

/** A required part is temporarily unavailable; a retry may succeed. */
export class Unavailable extends ExpectedError {
  constructor(message: string, options?: ErrorOptions) {
    super('unavailable', message, options);
  }
}

/** Stored bytes differ from those written. */
export class Corrupt extends ExpectedError {
  constructor(message: string, options?: ErrorOptions) {
    super('corrupt', message, options);
  }
}

/** The caller is not authenticated. */
export class Unauthorized extends ExpectedError {
  constructor(message: string, options?: ErrorOptions) {
    super('unauthorized', message, options);
  }
}

/** The caller lacks permission. */
export class Forbidden extends ExpectedError {
  constructor(message: string, options?: ErrorOptions) {
    super('forbidden', message, options);
  }
}

/** The request is for another host. */
export class Misdirected extends ExpectedError {
  constructor(message: string, options?: ErrorOptions) {
    super('misdirected', message, options);
  }
}

/** The message of any thrown value. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
