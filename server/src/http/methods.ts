import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import findMyWay from 'find-my-way';
import { type ExpectedError, MethodNotAllowed, NotFound } from '../domain/errors.ts';
import { MAX_PARAMETER_CHARACTERS, sendProblem } from './problem.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /** The error of a request without a route; sets `Allow` to the methods of its path. */
    missing(request: FastifyRequest, reply: FastifyReply): ExpectedError;
  }
}

/**
 * Answers requests without a route: 405 with `Allow` if the path has other methods, otherwise 404. Call it before any route is added.
 */
export function answerUnknown(app: FastifyInstance): void {
  // Fastify's own router does not expose the methods of a path.
  const paths = findMyWay({ maxParamLength: MAX_PARAMETER_CHARACTERS });
  const methods = new Map<string, Set<string>>();
  app.addHook('onRoute', ({ url, method }) => {
    if (url.endsWith('*')) return;
    const known = methods.get(url) ?? new Set<string>();
    for (const one of [method].flat()) known.add(one);
    if (!methods.has(url)) paths.on('GET', url, () => {}, known);
    methods.set(url, known);
  });
  app.decorate('missing', (request: FastifyRequest, reply: FastifyReply) => {
    const path = request.url.split('?')[0]!;
    const allowed: ReadonlySet<string> | undefined = paths.find('GET', path)?.store;
    if (allowed === undefined)
      return new NotFound(`no endpoint for ${request.method} ${path}; /docs lists all endpoints`);
    const list = [...allowed].toSorted().join(', ');
    reply.header('allow', list);
    return new MethodNotAllowed(`${path} takes ${list}, not ${request.method}`);
  });
  app.setNotFoundHandler((request, reply) => sendProblem(app.missing(request, reply), request, reply));
}
