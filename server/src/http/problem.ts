import type { ErrorCode, Problem } from '@wattkeeper/contract/errors.ts';
import { ownValue } from '@wattkeeper/contract/own-value.ts';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import type { z } from 'zod';
import { ExpectedError, type FieldError } from '../domain/errors.ts';
import { shown } from '../domain/secrets.ts';

const STATUS: Readonly<Record<ErrorCode, number>> = {
  invalid_input: 422,
  not_found: 404,
  method_not_allowed: 405,
  no_data: 404,
  feature_disabled: 404,
  conflict: 409,
  unauthorized: 401,
  forbidden: 403,
  too_many_requests: 429,
  payload_too_large: 413,
  unsupported_media_type: 415,
  request_timeout: 408,
  misdirected: 421,
  unavailable: 503,
  corrupt: 500,
  internal: 500,
};

const TITLE: Readonly<Record<ErrorCode, string>> = {
  invalid_input: 'The input cannot be used',
  not_found: 'Not found',
  method_not_allowed: 'This method is not available here',
  no_data: 'There is no data',
  feature_disabled: 'This feature is switched off',
  conflict: 'This contradicts what is there',
  unauthorized: 'Sign in first',
  forbidden: 'Not allowed',
  too_many_requests: 'Too much at once',
  payload_too_large: 'The request is too large',
  unsupported_media_type: 'The content type is not understood',
  request_timeout: 'The request took too long to arrive',
  misdirected: 'Another host is meant',
  unavailable: 'A part that is needed does not work at present',
  corrupt: 'Stored data cannot be read',
  internal: 'An unexpected error',
};

const CODE_OF_STATUS: Readonly<Record<number, ErrorCode>> = {
  400: 'invalid_input',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not_found',
  405: 'method_not_allowed',
  408: 'request_timeout',
  409: 'conflict',
  413: 'payload_too_large',
  414: 'invalid_input',
  415: 'unsupported_media_type',
  421: 'misdirected',
  422: 'invalid_input',
  429: 'too_many_requests',
  503: 'unavailable',
};

/** Maximum number of invalid fields listed in an answer. */
export const MAX_FIELD_ERRORS = 20;
const MAX_MESSAGE_CHARACTERS = 1000;

/** Maximum length of names and ids in a path. */
export const MAX_PARAMETER_CHARACTERS = 300;

/** The parts of a request that errors report, and in which the found value is looked up. */
type Asked = Pick<FastifyRequest, 'id' | 'url'> &
  Partial<Pick<FastifyRequest, 'body' | 'query' | 'params' | 'routeOptions'>>;

/** The HTTP answer to any exception: the only place where errors become problem answers. */
export function problemOf(error: unknown, request: Asked): Problem {
  const { status, code, detail, fields } = classify(error, request);
  return {
    type: `urn:wattkeeper:problem:${code}`,
    title: TITLE[code],
    status,
    detail,
    code,
    instance: request.url.split('?')[0]!,
    request_id: request.id,
    ...(fields.length > 0 && { errors: [...fields] }),
  };
}

interface Classified {
  readonly status: number;
  readonly code: ErrorCode;
  readonly detail: string;
  readonly fields: readonly FieldError[];
}

function classify(error: unknown, request: Asked): Classified {
  if (error instanceof ExpectedError) {
    return { status: STATUS[error.code], code: error.code, detail: error.message, fields: error.fields };
  }
  if (hasZodFastifySchemaValidationErrors(error)) {
    const part = (error as { validationContext?: string }).validationContext;
    const fields = error.validation.slice(0, MAX_FIELD_ERRORS).map((issue) => ({
      field: issue.instancePath.replace(/^\//, '').replaceAll('/', '.') || (part ?? 'request'),
      detail: withFound(shortened(issue.message ?? 'is not valid'), issue.instancePath, part, request),
    }));
    const more = error.validation.length - fields.length;
    const list = [...fields.map((f) => `${f.field}: ${f.detail}`), ...(more > 0 ? [`and ${more} more`] : [])];
    return { status: 422, code: 'invalid_input', detail: list.join('; '), fields };
  }
  const { statusCode, message } = error as Partial<FastifyError>;
  const code = statusCode === undefined ? undefined : CODE_OF_STATUS[statusCode];
  if (statusCode === 414) {
    const detail = `a name in the path is too long: at most ${MAX_PARAMETER_CHARACTERS} characters`;
    return { status: 414, code: 'invalid_input', detail, fields: [] };
  }
  if (statusCode !== undefined && code !== undefined)
    return { status: statusCode, code, detail: message ?? '', fields: [] };
  const detail =
    'The request failed for a reason that was not foreseen; the log has the details under this request_id.';
  return { status: 500, code: 'internal', detail, fields: [] };
}

/** Zod lists every unknown name of an object. */
function shortened(message: string): string {
  return message.length > MAX_MESSAGE_CHARACTERS
    ? `${message.slice(0, MAX_MESSAGE_CHARACTERS).toWellFormed()}…`
    : message;
}

/** Appends the found value unless the message contains it. */
function withFound(message: string, path: string, part: string | undefined, request: Asked): string {
  if (/\b(got|received)\b/.test(message)) return message;
  const { body, query, params, routeOptions } = request;
  const from = part === 'body' ? body : part === 'querystring' ? query : part === 'params' ? params : undefined;
  const steps = path.split('/').slice(1);
  const found = steps.reduce<unknown>(
    (value, step) => (typeof value === 'object' ? ownValue(value as Record<string, unknown> | null, step) : undefined),
    from,
  );
  if (steps.length === 0 || found === undefined) return message;
  const schemas = routeOptions?.schema as Record<string, z.ZodType> | undefined;
  const schema = ownValue(schemas, part ?? '');
  const quoted = shown(schema, steps, found);
  return quoted === null ? message : `${message}; got ${quoted}`;
}

/** Fastify's error handler. Unexpected errors are logged with their stack. */
export function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const problem = problemOf(error, request);
  if (problem.code === 'internal') request.log.error({ err: error }, 'request failed');
  else if (problem.status >= 500) request.log.warn({ err: error }, 'request could not be served');
  if (error instanceof ExpectedError && error.retryAfterS !== undefined) reply.header('retry-after', error.retryAfterS);
  reply.status(problem.status).type('application/problem+json').serializer(JSON.stringify).send(problem);
}
