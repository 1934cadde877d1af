import type { AddressInfo } from 'node:net';
import fastify from 'fastify';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import {
  ADMIN_HEADERS,
  ADMIN_TOKEN,
  browserHeaders,
  securedApp,
  securedServer,
  signInOwner,
} from '../../test/records/secured-app.ts';
import type { Api, Caller } from './api.ts';
import { registerSecurity, type SecurityOptions } from './security.ts';

/** A route for every kind of scope. */
function fakeRoutes(api: Api): void {
  api.get('/open', { config: { scope: 'public' } }, () => ({ open: true }));
  api.get('/history', { config: { scope: 'read' } }, (request) => ({ caller: request.caller?.name }));
  api.post('/history', { config: { scope: 'write' } }, (request) => ({ caller: request.caller?.name }));
  api.post('/switch', { config: { scope: 'control' } }, () => ({ switched: true }));
}

const secured = (options?: SecurityOptions) => securedApp(fakeRoutes, options);
const basic = (user: string, password: string) => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

describe('a route', () => {
  it('can be called without sign-in only if it is public', async () => {
    const { app } = await secured();
    expect((await app.inject('/api/v1/open')).json()).toEqual({ open: true });
    const refused = await app.inject('/api/v1/history');
    expect(refused.statusCode).toBe(401);
    expect(refused.headers['www-authenticate']).toBe('Bearer realm="wattkeeper"');
    expect(refused.headers['content-type']).toContain('application/problem+json');
    expect(refused.json()).toMatchObject({ code: 'unauthorized', detail: expect.stringContaining('sign in') });
    expect((await app.inject('/api/v1/nothing')).statusCode).toBe(404);
  });

  it('without a scope prevents the start', async () => {
    const app = fastify();
    await registerSecurity(app, { authenticate: async () => null });
    expect(() => app.get('/forgotten', () => 'x')).toThrow(/GET \/forgotten names no scope/);
    app.get('/docs/page', () => 'documentation');
    expect((await app.inject('/docs/page')).body).toBe('documentation');
    await app.close();
  });

  it('that is public with details shows them only to signed-in callers, and answers while credentials cannot be checked', async () => {
    const ask = async (authenticate: () => Promise<Caller | null>) => {
      const app = fastify();
      await registerSecurity(app, { authenticate });
      app.get('/state', { config: { scope: 'public', details: true } }, (request) => request.caller?.name ?? 'nobody');
      return (await app.inject('/state')).body;
    };
    const reader: Caller = {
      name: 'reader',
      scopes: ['read'],
      csrfToken: null,
      userId: null,
      sessionId: null,
      tokenId: null,
    };
    expect(await ask(async () => reader)).toBe('reader');
    expect(await ask(async () => null)).toBe('nobody');
    expect(await ask(() => Promise.reject(new Error('no database')))).toBe('nobody');
  });

  it('requires its scope and names a missing one', async () => {
    const { app, auth } = await secured();
    const maker = { name: 'x', scopes: ['read', 'write'] as const, userId: null };
    const { token } = await auth.tokens.create({ name: 'reader', scopes: ['read'], expiresAt: null }, maker);
    const headers = { authorization: `Bearer ${token}` };
    expect((await app.inject({ url: '/api/v1/history', headers })).json()).toEqual({ caller: 'token:reader' });
    const refused = await app.inject({ method: 'POST', url: '/api/v1/switch', headers });
    expect(refused.statusCode).toBe(403);
    expect(refused.json().detail).toBe('this needs the scope "control"; token:reader has read');
  });
});

describe('an API token', () => {
  it('is accepted in every form that API and InfluxDB clients use', async () => {
    const { app } = await secured();
    const ways = [`Bearer ${ADMIN_TOKEN}`, `bearer ${ADMIN_TOKEN}`, `Token ${ADMIN_TOKEN}`, `Token any:${ADMIN_TOKEN}`];
    for (const authorization of [...ways, basic('any', ADMIN_TOKEN), basic('', ADMIN_TOKEN)]) {
      const answer = await app.inject({ url: '/api/v1/history', headers: { authorization } });
      expect(answer.json(), authorization).toEqual({ caller: 'token:administrator' });
    }
    for (const authorization of [
      'Bearer',
      'Bearer wrong',
      'Digest x',
      basic('any', 'wrong'),
      `Bearer ${'x'.repeat(2000)}`,
    ]) {
      expect((await app.inject({ url: '/api/v1/history', headers: { authorization } })).statusCode).toBe(401);
    }
  });

  it('is accepted in the address only on routes where InfluxDB clients need it', async () => {
    const { app } = await secured();
    const query = { p: ADMIN_TOKEN };
    expect((await app.inject({ url: '/api/v1/history', query })).statusCode).toBe(401);
    const outside = fastify();
    await registerSecurity(outside, { authenticate: async (_h, _c, given) => fakeCaller((given as { p: string })?.p) });
    outside.post('/write', { config: { scope: 'write' } }, (request) => request.caller?.name);
    expect((await outside.inject({ method: 'POST', url: '/write', query })).body).toBe(ADMIN_TOKEN);
    await outside.close();
  });

  it('that is invalid does not override a session, such as with a proxy that has its own sign-in', async () => {
    const { app, auth } = await secured();
    const headers = { ...browserHeaders(await signInOwner(auth)), authorization: basic('proxy', 'password') };
    expect((await app.inject({ url: '/api/v1/history', headers })).json()).toEqual({ caller: 'owner' });
  });
});

describe('the whole server', () => {
  it('starts with public documentation and a live stream that requires sign-in', async () => {
    const { auth } = await secured();
    const app = await securedServer(auth, {
      apiRoutes: (api) => {
        api.get('/stream', { websocket: true, config: { scope: 'read' } }, (socket: WebSocket) => socket.send('hello'));
        api.post('/history', { config: { scope: 'write' } }, () => ({}));
        api.get('/rooms/:id', { config: { scope: 'read' } }, () => ({}));
      },
    });
    onTestFinished(() => app.close());
    const docs = await app.inject('/docs/');
    expect(docs.statusCode).toBe(200);
    expect(docs.body).not.toMatch(/<script(?![^>]*src=)|\son\w+=/);
    expect((await app.inject('/openapi.json')).statusCode).toBe(200);
    // Without sign-in, the answer reveals nothing about size or syntax: the body is not read.
    const large = await app.inject({ method: 'POST', url: '/api/v1/history', payload: { text: 'x'.repeat(2000) } });
    expect(large.statusCode).toBe(401);

    // Addresses that the router rejects are answered in the same problem format.
    for (const [id, status] of [
      ['%zz', 400],
      ['x'.repeat(301), 414],
    ] as const) {
      const odd = await app.inject({ url: `/api/v1/rooms/${id}`, headers: ADMIN_HEADERS });
      expect(odd.headers['content-type']).toContain('application/problem+json');
      expect(odd.json()).toMatchObject({ status, code: 'invalid_input', detail: expect.not.stringContaining('xxx') });
    }

    await app.listen({ host: '127.0.0.1', port: 0 });
    const address = `ws://127.0.0.1:${(app.server.address() as AddressInfo).port}/api/v1/stream`;
    expect(await firstWord(new WebSocket(address))).toBe('Unexpected server response: 401');
    expect(await firstWord(new WebSocket(address, { headers: ADMIN_HEADERS }))).toBe('hello');
    const session = { cookie: browserHeaders(await signInOwner(auth)).cookie };
    expect(await firstWord(new WebSocket(address, { headers: session }))).toBe('hello');
    const foreign = new WebSocket(address, { headers: session, origin: 'https://evil.example' });
    expect(await firstWord(foreign)).toBe('Unexpected server response: 403');
  });
});

describe('a session', () => {
  it('can change data only with its CSRF token', async () => {
    const { app, auth } = await secured();
    const [mine, other] = [await signInOwner(auth), await signInOwner(auth)];
    const post = async (headers: object) =>
      (await app.inject({ method: 'POST', url: '/api/v1/history', headers: { ...headers } })).statusCode;
    const { cookie } = browserHeaders(mine);
    expect(await post({ cookie })).toBe(403);
    expect(await post({ cookie, 'x-csrf-token': '' })).toBe(403);
    expect(await post({ cookie, 'x-csrf-token': other.csrfToken })).toBe(403);
    expect(await post({ cookie, 'x-csrf-token': mine.csrfToken })).toBe(200);
    expect(await post(ADMIN_HEADERS)).toBe(200);
    expect((await app.inject({ url: '/api/v1/history', headers: { cookie } })).statusCode).toBe(200);
  });

  it('opens a live stream only from pages of allowed origins', async () => {
    const { app, auth } = await secured({
      publicUrl: 'https://energy.example/wk',
      corsOrigins: ['https://grafana.example'],
    });
    const { cookie } = browserHeaders(await signInOwner(auth));
    const open = async (origin: string | undefined, credentials: object = { cookie }) => {
      const headers = { host: 'box:8001', upgrade: 'websocket', ...(origin && { origin }), ...credentials };
      return (await app.inject({ url: '/api/v1/history', headers })).statusCode;
    };
    expect(await open('http://box:8001')).toBe(200);
    expect(await open('https://energy.example')).toBe(200);
    expect(await open('https://grafana.example')).toBe(200);
    expect(await open(undefined)).toBe(200);
    expect(await open('http://box:8002')).toBe(403);
    expect(await open('https://evil.example')).toBe(403);
    expect(await open('null')).toBe(403);
    expect(await open('https://evil.example', ADMIN_HEADERS)).toBe(200);
  });
});

describe('pages of other origins', () => {
  it('cannot change data with a session, even with its CSRF token, and cannot sign in', async () => {
    const { app, auth } = await secured({ publicUrl: 'https://energy.example/wk' });
    const session = browserHeaders(await signInOwner(auth));
    const post = async (url: string, origin: string | undefined, credentials: object) => {
      const headers = { host: 'box:8001', ...(origin && { origin }), ...credentials };
      return (await app.inject({ method: 'POST', url: `/api/v1${url}`, headers, payload: {} })).statusCode;
    };
    for (const origin of ['https://evil.example', 'http://box:8002', 'null']) {
      expect(await post('/history', origin, session)).toBe(403);
      expect(await post('/auth/login', origin, {})).toBe(403);
    }
    for (const origin of ['http://box:8001', 'https://energy.example', undefined]) {
      expect(await post('/history', origin, session)).toBe(200);
      expect(await post('/auth/login', origin, {})).toBe(422);
    }
    expect(await post('/history', 'https://evil.example', ADMIN_HEADERS)).toBe(200);
  });

  it('cannot use a host name that is not configured', async () => {
    const { app } = await secured({ publicUrl: 'https://energy.example/wk', allowedHosts: ['.house.example'] });
    const ask = async (host: string) => (await app.inject({ url: '/api/v1/open', headers: { host } })).statusCode;
    expect([await ask('energy.example'), await ask('a.house.example'), await ask('evil.example')]).toEqual([
      200, 200, 421,
    ]);
  });
});

describe('answers', () => {
  it('contain headers that block foreign scripts and frames', async () => {
    const { app } = await secured();
    const { headers } = await app.inject('/api/v1/open');
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("object-src 'none'");
    expect(policy).not.toMatch(/script-src[^;]*unsafe|upgrade-insecure-requests/);
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['strict-transport-security']).toBeUndefined();
    expect((await app.inject('/api/v1/history')).headers['content-security-policy']).toBe(policy);
  });

  it('are readable by other origins only if these are allowed', async () => {
    const headers = { origin: 'https://grafana.example', 'access-control-request-method': 'GET' };
    const asked = async (options: SecurityOptions) => {
      const { app } = await secured(options);
      const preflight = await app.inject({ method: 'OPTIONS', url: '/api/v1/history', headers });
      const answer = await app.inject({ url: '/api/v1/open', headers });
      return [preflight, answer].map((each) => each.headers['access-control-allow-origin']);
    };
    expect(await asked({})).toEqual([undefined, undefined]);
    expect(await asked({ corsOrigins: ['https://other.example'] })).toEqual([undefined, undefined]);
    expect(await asked({ corsOrigins: ['https://grafana.example'] })).toEqual(Array(2).fill('https://grafana.example'));
    expect(await asked({ corsOrigins: ['*'] })).toEqual(['*', '*']);
  });
});

describe('rates', () => {
  it('are limited by address, including failed sign-ins', async () => {
    const { app } = await secured({ rateLimits: { api: 3 } });
    const ask = (remoteAddress: string) => app.inject({ url: '/api/v1/history', remoteAddress });
    const statuses = [];
    for (let i = 0; i < 5; i++) statuses.push((await ask('10.0.0.1')).statusCode);
    expect(statuses).toEqual([401, 401, 401, 429, 429]);
    const limited = await ask('10.0.0.1');
    expect(limited.json()).toMatchObject({ code: 'too_many_requests', detail: expect.stringContaining('more than 3') });
    expect(Number(limited.headers['retry-after'])).toBeGreaterThan(0);
    expect((await ask('10.0.0.2')).statusCode).toBe(401);
  });

  it('of sign-in have a strict limit, whatever the other limits are', async () => {
    const { app } = await secured();
    const link = () => app.inject({ method: 'POST', url: '/api/v1/auth/link', payload: { code: 'x'.repeat(43) } });
    const statuses = [];
    for (let i = 0; i < 21; i++) statuses.push((await link()).statusCode);
    expect(statuses.slice(0, 20)).toEqual(Array(20).fill(401));
    expect(statuses[20]).toBe(429);
    expect((await app.inject('/api/v1/open')).statusCode).toBe(200);
  });
});

/** The first message, or the reason for its absence. */
function firstWord(socket: WebSocket): Promise<string> {
  return new Promise((resolve) => {
    socket.on('message', (data) => {
      resolve(String(data));
      socket.terminate();
    });
    socket.on('error', (error) => resolve(error.message));
  });
}

function fakeCaller(name: string) {
  return { name, scopes: ['write'] as const, csrfToken: null, userId: null, sessionId: null, tokenId: null };
}
