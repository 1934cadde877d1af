import { timingSafeEqual } from 'node:crypto';
import cookie from '@fastify/cookie';
import cors from '@fastify/cors';
import helmet from '@fastify/helmet';
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify';
import { Forbidden, Unauthorized } from '../domain/errors.ts';
import { requireScope } from '../domain/rights.ts';
import type { Caller } from './api.ts';
import { checkHosts } from './hosts.ts';
import { limitRates, type RateLimits } from './security-rates.ts';

/** The caller. */
export interface Authenticator {
  authenticate(
    headers: FastifyRequest['headers'],
    cookies: Readonly<Record<string, string | undefined>>,
    query?: unknown,
  ): Promise<Caller | null>;
}

export interface SecurityOptions {
  /** Origins whose pages may call the API with a token, such as `https://grafana.example`; `*` for all. Default: none. */
  readonly corsOrigins?: readonly string[] | undefined;
  /** The address that users type, if a reverse proxy does not forward the Host header. */
  readonly publicUrl?: string | undefined;
  /** Host names of the service in addition to IP addresses, names of private networks and the host of `publicUrl`. */
  readonly allowedHosts?: readonly string[] | undefined;
  readonly rateLimits?: Partial<RateLimits> | undefined;
}

/** Requests with these methods change nothing and need no CSRF token. */
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);
/** Routes of plugins, which cannot declare a scope and are public. */
const DOCUMENTATION = '/docs';

/**
 * Sends security headers, limits rates, and passes a request to its handler only if the route is public or the caller has the route's
 * scope. Call it before any route is added: a route without a scope prevents the start.
 *
 * Order on each request: headers, CORS, rate limit (including failed sign-ins), authentication, scope, CSRF or origin,
 * and only then the body is read.
 */
export async function registerSecurity(
  app: FastifyInstance,
  auth: Authenticator,
  options: SecurityOptions = {},
): Promise<void> {
  if (!app.hasRequestDecorator('caller')) app.decorateRequest('caller', null);
  if (!app.hasPlugin('@fastify/cookie')) await app.register(cookie);
  const { publicUrl } = options;
  checkHosts(app, [...(options.allowedHosts ?? []), ...(publicUrl ? [new URL(publicUrl).hostname] : [])]);
  await app.register(helmet, HEADERS);
  const origins = [...(options.corsOrigins ?? [])];
  await app.register(cors, { origin: origins.includes('*') ? '*' : origins, exposedHeaders: ['retry-after'] });
  await limitRates(app, options.rateLimits);
  app.addHook('onRoute', demandScope);
  const pageOrigins = new Set([...origins, ...(publicUrl ? [new URL(publicUrl).origin] : [])]);
  app.addHook('preParsing', async (request, reply) => {
    const scope = request.routeOptions.config.scope;
    if (request.is404) return;
    if (scope === 'public') {
      if (!SAFE_METHODS.has(request.method)) refuseForeignPage(request, pageOrigins);
      if (request.routeOptions.config.details) request.caller = await callerWhereKnown(auth, request);
      return;
    }
    const caller = await auth.authenticate(request.headers, request.cookies, tokenQuery(request));
    if (caller === null) throw unauthorized(reply);
    requireScope(caller, scope ?? 'admin');
    checkCrossSite(request, caller, pageOrigins);
    request.caller = caller;
  });
}

/**
 * Scripts only from this origin, never inline. Inline styles are allowed, because ECharts writes its tooltips as HTML with style attributes,
 * and menus and dialogs add style elements; without scripts that leaks nothing. Images from data and blob addresses for charts that are
 * saved as pictures; workers from blobs for libraries that embed them. No upgrade to HTTPS and no HSTS: most homes use plain HTTP on their
 * network; a reverse proxy with a certificate adds both.
 */
const HEADERS = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      'default-src': ["'self'"],
      'script-src': ["'self'"],
      'script-src-attr': ["'none'"],
      'style-src': ["'self'", "'unsafe-inline'"],
      'img-src': ["'self'", 'data:', 'blob:'],
      'font-src': ["'self'", 'data:'],
      'connect-src': ["'self'"],
      'worker-src': ["'self'", 'blob:'],
      'object-src': ["'none'"],
      'base-uri': ["'self'"],
      'form-action': ["'self'"],
      // Home Assistant shows add-ons in a frame of its own origin.
      'frame-ancestors': ["'self'"],
    },
  },
  strictTransportSecurity: false,
  referrerPolicy: { policy: 'same-origin' as const },
};

function demandScope(route: RouteOptions): void {
  if (route.config?.scope !== undefined) return;
  if (route.url !== DOCUMENTATION && !route.url.startsWith(`${DOCUMENTATION}/`)) {
    throw new Error(`the route ${route.method} ${route.url} names no scope: add config.scope to it`);
  }
  route.config = { ...route.config, scope: 'public' };
}

/** Tokens in addresses are stored in logs and histories: accepted only where InfluxDB's clients have no other way. */
function tokenQuery(request: FastifyRequest): unknown {
  return request.routeOptions.url?.startsWith('/api/v1/') ? undefined : request.query;
}

function unauthorized(reply: FastifyReply): Unauthorized {
  // Basic authentication works but is not offered: browsers would open their own dialog.
  reply.header('www-authenticate', 'Bearer realm="wattkeeper"');
  return new Unauthorized('sign in, or send an API token as "Authorization: Bearer …"');
}

/** Browsers send the session cookie for pages of any origin; only our own pages have the CSRF token or our origin. */
function checkCrossSite(request: FastifyRequest, caller: Caller, pageOrigins: ReadonlySet<string>): void {
  if (caller.csrfToken === null) return;
  if (request.headers.upgrade?.toLowerCase() === 'websocket') {
    refuseForeignPage(request, pageOrigins);
  } else if (!SAFE_METHODS.has(request.method)) {
    refuseForeignPage(request, pageOrigins);
    if (!isSame(request.headers['x-csrf-token'], caller.csrfToken))
      throw new Forbidden('the header X-CSRF-Token is missing or wrong: send the csrf_token of /api/v1/auth/me');
  }
}

/** Returns the caller, or null without valid credentials. Also null if the records cannot be read: public routes answer nevertheless. */
async function callerWhereKnown(auth: Authenticator, request: FastifyRequest): Promise<Caller | null> {
  return auth.authenticate(request.headers, request.cookies).catch(() => null);
}

/** Browsers send the origin of the page: sessions and sign-ins are accepted only from our own pages. */
function refuseForeignPage(request: FastifyRequest, pageOrigins: ReadonlySet<string>): void {
  if (!isForeign(request, pageOrigins)) return;
  throw new Forbidden(
    `pages of ${request.headers.origin} may not do this here: add the address to http.public_url or http.cors_origins`,
  );
}

function isSame(given: string | string[] | undefined, token: string): boolean {
  if (typeof given !== 'string') return false;
  const [a, b] = [Buffer.from(given), Buffer.from(token)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function isForeign(request: FastifyRequest, pageOrigins: ReadonlySet<string>): boolean {
  const { origin } = request.headers;
  if (origin === undefined || pageOrigins.has(origin)) return false;
  return !URL.canParse(origin) || new URL(origin).host !== request.host;
}
