import type { ErrorCode } from '@wattkeeper/contract/errors.ts';

/** Options every expected error takes besides its message. */
export interface ErrorOptions {
  readonly code?: ErrorCode;
  /** One entry for each field that is wrong. */
  readonly fields?: readonly FieldError[];
  readonly cause?: unknown;
  /** Seconds after which another try makes sense. */
  readonly retryAfterS?: number;
}

export interface FieldError {
  readonly field: string;
  readonly detail: string;
  /** Kind of the error, where programs tell several apart. */
  readonly code?: string;
}

/** An expected failure: its message says what was found, what is allowed and what to do. Anything else is a defect. */
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

/** The caller gave something that cannot be used. */
export class InvalidInput extends ExpectedError {
  constructor(message: string, options?: ErrorOptions) {
    super('invalid_input', message, options);
  }
}

/** What was named does not exist. */
export class NotFound extends ExpectedError {
  constructor(message: string, options?: ErrorOptions) {
    super('not_found', message, options);
  }
}

/** What was named exists, and does not take this method. */
export class MethodNotAllowed extends ExpectedError {
  constructor(message: string, options?: ErrorOptions) {
    super('method_not_allowed', message, options);
  }
}

/** What is asked contradicts what is there. */
export class Conflict extends ExpectedError {
  constructor(message: string, options?: ErrorOptions) {
    super('conflict', message, options);
  }
}

/** A part that is needed does not work at present; trying again may help. */
export class Unavailable extends ExpectedError {
  constructor(message: string, options?: ErrorOptions) {
    super('unavailable', message, options);
  }
}

/** Stored bytes are not what was written. */
export class Corrupt extends ExpectedError {
  constructor(message: string, options?: ErrorOptions) {
    super('corrupt', message, options);
  }
}

/** The caller is not signed in. */
export class Unauthorized extends ExpectedError {
  constructor(message: string, options?: ErrorOptions) {
    super('unauthorized', message, options);
  }
}

/** The caller may not do this. */
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

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
