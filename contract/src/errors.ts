import { z } from 'zod';

/** Stable codes of problem answers. */
export const ErrorCode = z.enum([
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
]);
export type ErrorCode = z.infer<typeof ErrorCode>;

/** `application/problem+json` (RFC 9457). */
export const Problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    code: ErrorCode,
    instance: z.string().optional(),
    request_id: z.string().optional(),
    errors: z
      .array(z.object({ field: z.string(), detail: z.string(), code: z.string().optional() }))
      .optional()
      .meta({ description: 'One entry for each field that is wrong' }),
  })
  .meta({ id: 'Problem', description: 'What went wrong, as RFC 9457 writes it' });
export type Problem = z.infer<typeof Problem>;
