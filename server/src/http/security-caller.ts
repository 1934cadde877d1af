import type { FastifyRequest } from 'fastify';
import { Unauthorized } from '../domain/errors.ts';
import type { Caller } from './api.ts';

/** The caller of a route that is not public. */
export function callerOf(request: FastifyRequest): Caller {
  if (request.caller === null) throw new Unauthorized('sign in first');
  return request.caller;
}
