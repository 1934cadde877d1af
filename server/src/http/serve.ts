import type { AnswerOf, Endpoint, Received } from '@wattkeeper/contract/endpoint.ts';
import type { FastifyReply, FastifyRequest, RouteShorthandOptions } from 'fastify';
import type { Api } from './api.ts';

type EndpointRequest<E extends Endpoint> = FastifyRequest<{
  Params: Received<E, 'params'>;
  Querystring: Received<E, 'query'>;
  Body: Received<E, 'body'>;
}>;

/** The return value of a handler: JSON that fits the declaration, nothing for 204, or the reply if the handler has sent it. */
// biome-ignore lint/suspicious/noConfusingVoidType: a handler without an answer returns nothing
type Answered<E extends Endpoint> = FastifyReply | (null extends AnswerOf<E> ? void : AnswerOf<E>);

/**
 * Registers the route of an endpoint. The answer has the endpoint's first status; a handler sets any other on the reply and returns the JSON.
 * The type of a body that it sends itself is not checked.
 */
export function serve<E extends Endpoint>(
  api: Api,
  endpoint: E,
  handler: (request: EndpointRequest<E>, reply: FastifyReply) => Answered<E> | Promise<Answered<E>>,
  { config, ...options }: Pick<RouteShorthandOptions, 'bodyLimit' | 'config' | 'validatorCompiler'> = {},
): void {
  const { method, path, tag, summary, description, params, query, body, answers, scope, ...rest }: Endpoint = endpoint;
  const { audit, details, partial } = rest;
  const [status] = Object.keys(answers).map(Number);
  api.route({
    method,
    url: path,
    schema: {
      ...{ tags: [tag], summary, response: answers },
      ...(description !== undefined && { description }),
      ...(params && { params }),
      ...(query && { querystring: query }),
      ...(body && { body }),
    },
    config: {
      ...{ ...config, scope },
      ...(audit !== undefined && { audit }),
      ...(details && { details }),
      ...(partial && { partial }),
    },
    ...options,
    // A reply resolves to undefined, which Fastify sends only if nothing has been sent and the client is still connected.
    handler: async (request, reply) => handler(request as EndpointRequest<E>, reply.status(status!)),
  });
}
