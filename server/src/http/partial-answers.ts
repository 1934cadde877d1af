import { z } from 'zod';
import { NotFound, Unavailable } from '../domain/errors.ts';
import type { PartialAnswers } from '../domain/partial-answers.ts';
import type { Api } from './api.ts';
import { sendProblem } from './problem.ts';

/**
 * Routes with `config.partial` answer from the readable part of the history; the `warnings` of their answer, which their schema must have,
 * name the missing part. All other routes answer 503 while the history that they need cannot be read.
 */
export function markPartialAnswers(api: Api, partial: PartialAnswers): void {
  api.addHook('onRoute', ({ config, schema, method, url }) => {
    const response = (schema?.response ?? {}) as Record<string, unknown>;
    if (config?.partial && !hasWarnings(response['200']))
      throw new Error(`${method} ${url} may be partial, but its answer has no field warnings`);
  });
  // Runs after the body is read: reading runs in the asynchronous context of the connection, outside of this collection.
  api.addHook('preHandler', (request, _reply, done) => {
    if (request.routeOptions.config.partial) partial.collect(done);
    else done();
  });
  api.setErrorHandler((error, request, reply) => {
    const [note] = partial.notes();
    // Data that cannot be read must not be reported as nonexistent.
    const isMissing = note !== undefined && error instanceof NotFound && error.code === 'no_data';
    sendProblem(isMissing ? new Unavailable(note, { cause: error }) : error, request, reply);
  });
  api.addHook('preSerialization', async (_request, reply, payload) => {
    const notes = partial.notes();
    if (notes.length === 0 || reply.statusCode !== 200) return payload;
    const answer = payload as { readonly warnings?: readonly string[] };
    return { ...answer, warnings: [...(answer.warnings ?? []), ...notes] };
  });
}

function hasWarnings(schema: unknown): boolean {
  if (schema instanceof z.ZodObject) return 'warnings' in schema.shape;
  if (schema instanceof z.ZodUnion) return schema.options.some(hasWarnings);
  const { content } = schema as { content?: Record<string, { schema: unknown }> };
  return hasWarnings(content?.['application/json']?.schema);
}
