import rateLimit from '@fastify/rate-limit';
import { MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Unavailable } from '../domain/errors.ts';

/** Requests per minute from one address. Routes with their own `config.rateLimit`, such as sign-in, use that instead. */
export interface RateLimits {
  /** Routes that accept readings: a gateway may send each reading individually. */
  readonly ingest: number;
  /** All other routes. */
  readonly api: number;
}

/** 10,000 and 1,000 per second: sufficient for any one address, and too few to exclude others. */
export const RATE_LIMITS: RateLimits = { ingest: 600_000, api: 60_000 };

const INGEST_PATHS = new Set([
  ...['', '/influxdb'].flatMap((base) => ['/write', '/api/v2/write', '/ping'].map((path) => base + path)),
  '/api/v1/readings',
]);
/** Maximum number of addresses counted at the same time; beyond it the least recently seen are removed. */
const MAX_ADDRESSES = 10_000;

/** Answers 429 with Retry-After to addresses that exceed the limits. */
export async function limitRates(app: FastifyInstance, limits: Partial<RateLimits> = {}): Promise<void> {
  const { ingest, api } = { ...RATE_LIMITS, ...limits };
  await app.register(rateLimit, {
    max: (request: FastifyRequest) => (isIngest(request) ? ingest : api),
    timeWindow: MINUTE_MS,
    cache: MAX_ADDRESSES,
    keyGenerator: (request) => `${isIngest(request) ? 'ingest' : 'api'} ${request.ip}`,
    errorResponseBuilder: (_request, { max, ttl }) => {
      const retryAfterS = Math.max(Math.ceil(ttl / 1000), 1);
      return new Unavailable(`more than ${max} requests a minute from this address: try again in ${retryAfterS} s`, {
        code: 'too_many_requests',
        retryAfterS,
      });
    },
    // Otherwise every answer would contain figures about a limit that is hardly ever reached.
    addHeaders: { 'x-ratelimit-limit': false, 'x-ratelimit-remaining': false, 'x-ratelimit-reset': false },
    addHeadersOnExceeding: { 'x-ratelimit-limit': false, 'x-ratelimit-remaining': false, 'x-ratelimit-reset': false },
  });
}

function isIngest(request: FastifyRequest): boolean {
  return INGEST_PATHS.has(request.routeOptions.url ?? '');
}
