import { randomUUID } from 'node:crypto';
import cookie from '@fastify/cookie';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import websocket from '@fastify/websocket';
import { Problem } from '@wattkeeper/contract/errors.ts';
import fastify, { type FastifyBaseLogger, type FastifyInstance, LogController, type RouteOptions } from 'fastify';
import {
  jsonSchemaTransform,
  jsonSchemaTransformObject,
  serializerCompiler,
  validatorCompiler,
} from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Api } from './api.ts';
import { DEFAULT_BODY_BYTES } from './body-reader.ts';
import { CONNECTION_LIMITS, type ConnectionLimits, limitConnections } from './connections.ts';
import { answerUnknown } from './methods.ts';
import { MAX_PARAMETER_CHARACTERS, sendProblem } from './problem.ts';
import { parseQuery } from './query-text.ts';
import { readBodies } from './request-bodies.ts';
import { serveWebApp } from './static-web.ts';
import { storableRequests } from './storable-requests.ts';
import { knownNamesOnly } from './unknown-names.ts';

export interface ServerOptions {
  readonly version: string;
  /** Path prefix that a reverse proxy does not remove; empty for none. */
  readonly prefix: string;
  /** Maximum body size of any route. */
  readonly maxBodyBytes: number;
  /** Reverse proxies whose X-Forwarded-* headers are trusted: their number, or their addresses and networks. */
  readonly trustProxy: TrustedProxies;
  /** Default: `CONNECTION_LIMITS`. */
  readonly connections?: Partial<ConnectionLimits>;
  readonly webFolder: string;
  readonly logger: FastifyBaseLogger;
  /** Registers authentication, rate limits and headers; runs before any route. */
  readonly secure: (app: FastifyInstance) => Promise<void>;
  /** Registers the routes at the root: `/health`, `/metrics`, `/write`, `/ping`. */
  readonly rootRoutes: (app: Api) => void | Promise<void>;
  /** Registers the routes under `/api/v1`. */
  readonly apiRoutes: (api: Api) => void | Promise<void>;
}

/** Maximum size of a message of a WebSocket client; each fragment that waits for later ones needs additional memory. */
const MAX_MESSAGE_BYTES = 64 * 1024;
const MAX_MESSAGE_FRAGMENTS = 64;
const MAX_MESSAGE_CHUNKS = 256;

/** Builds the HTTP server with all its routes; the caller listens and closes. */
export async function createServer(options: ServerOptions): Promise<FastifyInstance> {
  const prefix = options.prefix.replace(/\/$/, '');
  const connections = { ...CONNECTION_LIMITS, ...options.connections };
  const app = fastify({
    loggerInstance: options.logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: DEFAULT_BODY_BYTES,
    trustProxy: trustOf(options.trustProxy),
    requestTimeout: connections.requestMs,
    keepAliveTimeout: connections.idleMs,
    http: { headersTimeout: connections.headersMs, connectionsCheckingInterval: connections.checkMs },
    genReqId: () => randomUUID(),
    forceCloseConnections: 'idle',
    routerOptions: {
      maxParamLength: MAX_PARAMETER_CHARACTERS,
      ignoreTrailingSlash: false,
      querystringParser: parseQuery,
    },
    // Addresses that the router rejects do not reach the error handler of a route.
    frameworkErrors: sendProblem,
    rewriteUrl: (request) => stripPrefix(request.url ?? '/', prefix),
  });
  limitConnections(app.server, connections, options.trustProxy === 0);
  app.setValidatorCompiler(storableRequests(knownNamesOnly(validatorCompiler)));
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler(sendProblem);
  answerUnknown(app);
  app.addHook('onRoute', takeNoQuery);
  app.decorateRequest('caller', null);
  readBodies(app, options);
  await app.register(cookie);
  await app.register(websocket, {
    options: {
      maxPayload: MAX_MESSAGE_BYTES,
      maxFragments: MAX_MESSAGE_FRAGMENTS,
      maxBufferedChunks: MAX_MESSAGE_CHUNKS,
      // Answers to pings would be queued for a client that does not read them.
      autoPong: false,
    },
  });
  await options.secure(app);
  await documentApi(app, options.version, prefix);
  await app.register(async (root) => options.rootRoutes(root as unknown as Api));
  await app.register(async (api) => options.apiRoutes(api as unknown as Api), { prefix: '/api/v1' });
  await app.register(async (web) => serveWebApp(web, options.webFolder));
  return app;
}

type TrustedProxies = number | readonly string[];

/** Each proxy appends the address of its client to X-Forwarded-For: from the end, only as many entries are trusted as there are proxies. */
function trustOf(proxies: TrustedProxies): string[] | ((address: string, hop: number) => boolean) {
  return typeof proxies === 'number' ? (_address, hop) => hop < proxies : [...proxies];
}

function stripPrefix(url: string, prefix: string): string {
  if (prefix === '' || !url.startsWith(prefix)) return url;
  const rest = url.slice(prefix.length);
  return rest === '' ? '/' : rest.startsWith('/') ? rest : url;
}

/** An API route without declared parameters accepts none. */
function takeNoQuery({ schema, websocket }: RouteOptions): void {
  if (schema === undefined || schema.hide === true || websocket === true) return;
  schema.querystring ??= z.object({});
}

async function documentApi(app: FastifyInstance, version: string, prefix: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Wattkeeper',
        version,
        description: 'Stores the energy history of a site, analyses it, and helps to reduce costs.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: prefix === '' ? '/' : prefix, description: 'This service, with the prefix of a reverse proxy' }],
      components: {
        securitySchemes: {
          token: { type: 'http', scheme: 'bearer' },
          session: { type: 'apiKey', in: 'cookie', name: 'wattkeeper_session' },
        },
      },
      security: [{ token: [] }, { session: [] }],
    },
    transform: (given) => {
      const documented = jsonSchemaTransform(given as Parameters<typeof jsonSchemaTransform>[0]);
      return documented as ReturnType<typeof jsonSchemaTransform>;
    },
    transformObject: (given) => withOperationIds(jsonSchemaTransformObject(given)),
  });
  app.addHook('onRoute', (route) => {
    // The WebSocket plugin hides its routes; the live stream is part of the API.
    if (route.websocket === true && route.schema) Object.assign(route.schema, { hide: false });
    if (!route.schema || (route.schema as { hide?: boolean }).hide) return;
    const response = (route.schema.response ?? {}) as Record<string, unknown>;
    const problem = { description: 'What went wrong', content: { 'application/problem+json': { schema: Problem } } };
    const scope = route.config?.scope;
    // The required scope, in the place where OpenAPI 3.1 lists roles.
    const security = scope === undefined || scope === 'public' ? [] : [{ token: [scope] }, { session: [scope] }];
    Object.assign(route.schema, { security });
    // A path that is too long reaches no route, so its answer has the same form for all.
    const tooLong = response['4xx'] && route.url.includes(':') ? { 414: problem } : {};
    route.schema.response = {
      ...{ ...response, ...tooLong },
      ...{ '4xx': response['4xx'] ?? problem, '5xx': response['5xx'] ?? problem },
    };
  });
  await app.register(swaggerUi, { routePrefix: '/docs', uiConfig: { deepLinking: true, url: '../openapi.json' } });
  app.get('/openapi.json', { schema: { hide: true }, config: { scope: 'public' } }, () => app.swagger());
}

const METHODS = ['get', 'head', 'post', 'put', 'patch', 'delete'] as const;

/** Names each operation by its method and path, such as `get_telemetry_latest`, for generators of clients. */
function withOperationIds<T extends object>(document: T): T {
  const { paths = {} } = document as { paths?: Record<string, Partial<Record<string, { operationId?: string }>>> };
  for (const [path, item] of Object.entries(paths)) {
    const name = path.replace(/^\/api\/v1\//, '').replaceAll(/[^a-z0-9]+/gi, '_');
    for (const method of METHODS) {
      const operation = item[method];
      // Copied, because the methods of one route share an object.
      if (operation !== undefined)
        item[method] = { ...operation, operationId: `${method}_${name.replace(/^_|_$/g, '')}` };
    }
  }
  return document;
}
