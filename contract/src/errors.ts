import { z } from 'zod';

/** Stable codes of problem answers. */
export const ErrorCode = z
  .enum([
    'invalid_input',
    'not_found',
    'method_not_allowed',
    'no_data',
    'feature_disabled',
    'conflict',
    'unauthorized',
    'forbidden',
    'too_many_requests',
    'payload_too_large',
    'unsupported_media_type',
    'request_timeout',
    'misdirected',
    'unavailable',
    'corrupt',
    'internal',
  ])
  .meta({ description: 'Stable code of the error, for programs', examples: ['invalid_input'] });
export type ErrorCode = z.infer<typeof ErrorCode>;

/** `application/problem+json` (RFC 9457). */
export const Problem = z
  .object({
    type: z
      .string()
      .meta({ description: 'URI of the kind of error', examples: ['urn:wattkeeper:problem:invalid_input'] }),
    title: z.string().meta({ description: 'Kind of the error, for people', examples: ['Unprocessable Entity'] }),
    status: z
      .number()
      .int()
      .meta({ description: 'HTTP status of the answer', examples: [422] }),
    detail: z.string().meta({
      description: 'What was found and what is allowed, for people',
      examples: ['limit: must be at most 1000; got 5000'],
    }),
    code: ErrorCode,
    instance: z
      .string()
      .optional()
      .meta({ description: 'Path of the request', examples: ['/api/v1/devices'] }),
    request_id: z.string().optional().meta({ description: 'Id of the request in the log of the service' }),
    errors: z
      .array(
        z.object({
          field: z.string().meta({ description: 'Field that is wrong, with its path', examples: ['readings.0.value'] }),
          detail: z.string().meta({ description: 'What was found and what is allowed' }),
          code: z.string().optional().meta({ description: 'Stable code of the fault, for programs' }),
        }),
      )
      .optional()
      .meta({ description: 'One entry for each field that is wrong' }),
  })
  .meta({ id: 'Problem', description: 'An error (RFC 9457, Problem Details)' });
export type Problem = z.infer<typeof Problem>;
