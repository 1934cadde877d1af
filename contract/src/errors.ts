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
  .meta({ description: 'Stable, machine-readable code of the error', examples: ['invalid_input'] });
export type ErrorCode = z.infer<typeof ErrorCode>;

/** `application/problem+json` (RFC 9457). */
export const Problem = z
  .object({
    type: z
      .string()
      .meta({ description: 'URI of the kind of error', examples: ['urn:wattkeeper:problem:invalid_input'] }),
    title: z.string().meta({ description: 'Kind of the error, as text', examples: ['Unprocessable Entity'] }),
    status: z
      .number()
      .int()
      .meta({ description: 'HTTP status of the answer', examples: [422] }),
    detail: z.string().meta({
      description: 'The error found and the allowed values, as text',
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
          field: z.string().meta({ description: 'Path of the invalid field', examples: ['readings.0.value'] }),
          detail: z.string().meta({ description: 'The error found and the allowed values' }),
          code: z.string().optional().meta({ description: 'Stable, machine-readable code of the error' }),
        }),
      )
      .optional()
      .meta({ description: 'One entry for each invalid field' }),
  })
  .meta({ id: 'Problem', description: 'An error (RFC 9457, Problem Details)' });
export type Problem = z.infer<typeof Problem>;
