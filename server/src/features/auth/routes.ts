import { type Me, type Role, SCOPES_OF_ROLE } from '@wattkeeper/contract/access/auth.ts';
import { formatInstant } from '@wattkeeper/contract/common.ts';
import { SECOND_MS } from '@wattkeeper/contract/durations.ts';
import {
  createSignInLink,
  getMe,
  listAuditLog,
  signIn,
  signInWithLink,
  signOut,
} from '@wattkeeper/contract/endpoints/access.ts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Api, Caller } from '../../http/api.ts';
import { callerOf } from '../../http/security-caller.ts';
import { serve } from '../../http/serve.ts';
import { type AuthService, SESSION_MS, type SignedIn, sessionCookieName, sessionIn } from './service.ts';
import { tokenRoutes } from './tokens/routes.ts';
import { userRoutes } from './users/routes.ts';

/** Sign-in attempts from one address. People need one; programs use tokens. */
const SIGN_IN_LIMIT = { max: 20, timeWindow: 60 * SECOND_MS };

/** `/auth`, `/users`, `/tokens`, `/audit-log`. */
export function authRoutes(api: Api, auth: AuthService): void {
  signInRoutes(api, auth);
  linkRoutes(api, auth);
  meRoutes(api, auth);
  userRoutes(api, auth);
  tokenRoutes(api, auth);
  auditRoutes(api, auth);
}

function signInRoutes(api: Api, auth: AuthService): void {
  serve(
    api,
    signInWithLink,
    async (request, reply) => {
      const signedIn = await auth.signInWithCode(request.body.code);
      return begin(auth, signedIn, request, reply);
    },
    { config: { rateLimit: SIGN_IN_LIMIT } },
  );
  serve(
    api,
    signIn,
    async (request, reply) => {
      const { username, password } = request.body;
      const signedIn = await auth.signInWithPassword(username, password, request.ip);
      return begin(auth, signedIn, request, reply);
    },
    { config: { rateLimit: SIGN_IN_LIMIT } },
  );
  serve(api, signOut, async (request, reply) => {
    await auth.signOut(callerOf(request));
    const { name, path, secure } = cookieOf(auth, request);
    reply.clearCookie(name, { path, secure });
  });
}

/** Creates the links that the commands `sign-in-link` and `user add` print. */
function linkRoutes(api: Api, auth: AuthService): void {
  serve(api, createSignInLink, async (request) => {
    const base = auth.publicUrl ?? `${request.protocol}://${request.host}${auth.cookiePath}`;
    return await auth.createLink(request.body.username, base, callerOf(request).name);
  });
}

function meRoutes(api: Api, auth: AuthService): void {
  serve(api, getMe, async (request, reply) => {
    const caller = callerOf(request);
    const cookie = sessionIn(request.cookies);
    // Use extends the session in the database, so the lifetime of its cookie is extended as well.
    if (caller.sessionId !== null && cookie !== undefined) setSessionCookie(auth, cookie, request, reply);
    const user = caller.sessionId === null || caller.userId === null ? null : await auth.users.require(caller.userId);
    return me(caller, user?.role ?? null);
  });
}

function auditRoutes(api: Api, auth: AuthService): void {
  serve(api, listAuditLog, async ({ query }) => {
    const page = await auth.records.auditLog.page(query);
    const items = page.items.map((entry) => ({ ...entry, at: formatInstant(entry.at) }));
    return { items, next_cursor: page.nextCursor };
  });
}

function begin(
  auth: AuthService,
  { sessionId, csrfToken, user }: SignedIn,
  request: FastifyRequest,
  reply: FastifyReply,
) {
  setSessionCookie(auth, sessionId, request, reply);
  const scopes = SCOPES_OF_ROLE[user.role];
  return me({ name: user.username, scopes, csrfToken }, user.role);
}

function setSessionCookie(auth: AuthService, sessionId: string, request: FastifyRequest, reply: FastifyReply): void {
  const { name, path, secure } = cookieOf(auth, request);
  // Strict: the pages are static, and they send the requests themselves, also after a visit through a link from another site.
  reply.setCookie(name, sessionId, {
    path,
    secure,
    httpOnly: true,
    sameSite: 'strict',
    maxAge: SESSION_MS / SECOND_MS,
  });
}

function cookieOf(auth: AuthService, request: FastifyRequest): { name: string; path: string; secure: boolean } {
  const secure = request.protocol === 'https' || isBehindTls(auth.publicUrl, request.host);
  return { name: sessionCookieName(secure), path: secure ? '/' : auth.cookiePath, secure };
}

/** Whether the request came through a reverse proxy that terminates TLS without sending X-Forwarded-Proto: the host is that of the public URL. */
function isBehindTls(publicUrl: string | undefined, host: string): boolean {
  if (publicUrl === undefined) return false;
  const url = new URL(publicUrl);
  return url.protocol === 'https:' && url.host === host;
}

function me(caller: Pick<Caller, 'name' | 'scopes' | 'csrfToken'>, role: Role | null): Me {
  return { username: caller.name, role, scopes: [...caller.scopes], csrf_token: caller.csrfToken };
}
