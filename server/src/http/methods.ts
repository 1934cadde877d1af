import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import findMyWay from 'find-my-way';
import { type ExpectedError, MethodNotAllowed, NotFound } from '../domain/errors.ts';
import { MAX_PARAMETER_CHARACTERS, sendProblem } from './problem.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /** What is wrong with a request that no route takes; names the methods of its path in `Allow`. */
    missing(request: FastifyRequest, reply: FastifyReply): ExpectedError;
  }
}

/**
 * Answers what no route takes: 405 with `Allow` where the path exists with other methods, 404 elsewhere. Call it before any route is added.
 */
export function answerUnknown(app: FastifyInstance): void {
  // Fastify's own router does not tell the methods of a path.
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
