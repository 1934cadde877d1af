import cookie from '@fastify/cookie';
import fastify, { type FastifyInstance } from 'fastify';
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { authRoutes } from '../../src/features/auth/routes.ts';
import { AuthService, type SignedIn } from '../../src/features/auth/service.ts';
import type { Api } from '../../src/http/api.ts';
import { auditChanges } from '../../src/http/audit.ts';
import { DEFAULT_BODY_BYTES } from '../../src/http/body-reader.ts';
import { sendProblem } from '../../src/http/problem.ts';
import { readBodies } from '../../src/http/request-bodies.ts';
import { registerSecurity, type SecurityOptions } from '../../src/http/security.ts';
import { createServer, type ServerOptions } from '../../src/http/server.ts';
import type { RecordStore } from '../../src/storage/records/record-store.ts';
import { temporaryRecords } from './temporary-records.ts';

/** A clock that tests set. */
export interface TestClock {
  now: number;
}

export interface SecuredApp {
  readonly app: FastifyInstance;
  readonly auth: AuthService;
  readonly records: RecordStore;
  readonly clock: TestClock;
}

export const ADMIN_TOKEN = 'an administrator token of a test';

/** The service's security and sign-in around the routes of a test, with records in a real file. */
export async function securedApp(
  routes: (api: Api, parts: { auth: AuthService; records: RecordStore }) => void | Promise<void> = () => {},
  options: SecurityOptions = {},
  given?: RecordStore,
): Promise<SecuredApp> {
  const clock = { now: Date.UTC(2026, 2, 29, 12) };
  const now = () => clock.now;
  const records = given ?? (await temporaryRecords({ now }));
  const auth = new AuthService({ records, adminToken: ADMIN_TOKEN, now });
  const app = fastify({ trustProxy: true, bodyLimit: DEFAULT_BODY_BYTES });
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler(sendProblem);
  readBodies(app, { maxBodyBytes: 32 * 1024 * 1024 });
  await app.register(cookie);
  await registerSecurity(app, auth, options);
  const prefix = '/api/v1';
  await app.register(async (api) => authRoutes(api as unknown as Api, auth), { prefix });
  await app.register(
    async (api) => {
      auditChanges(api as unknown as Api, records.auditLog);
      await routes(api as unknown as Api, { auth, records });
    },
    { prefix },
  );
  onTestFinished(() => app.close());
  await app.ready();
  return { app, auth, records, clock };
}

/** Signs the first administrator in. */
export async function signInOwner(auth: AuthService): Promise<SignedIn> {
  return auth.signInWithCode(await auth.createSignInCode());
}

/** The headers that a browser sends in a session. */
export function browserHeaders({ sessionId, csrfToken }: SignedIn): { cookie: string; 'x-csrf-token': string } {
  return { cookie: `wattkeeper_session=${sessionId}`, 'x-csrf-token': csrfToken };
}

export const ADMIN_HEADERS = { authorization: `Bearer ${ADMIN_TOKEN}` };

/** The complete HTTP server with the rights of `auth`, without the web app; the caller closes it. */
export function securedServer(
  auth: AuthService,
  options: Partial<ServerOptions> & Pick<ServerOptions, 'apiRoutes'>,
): Promise<FastifyInstance> {
  return createServer({
    version: '0.0.0',
    prefix: '',
    maxBodyBytes: 1_000_000,
    trustProxy: 0,
    webFolder: 'none',
    logger: pino({ level: 'silent' }),
    secure: (server) => registerSecurity(server, auth),
    rootRoutes: () => {},
    ...options,
  });
}
