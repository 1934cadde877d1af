import { MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import { describe, expect, it } from 'vitest';
import { ADMIN_HEADERS, browserHeaders, securedApp, signInOwner } from '../../../test/records/secured-app.ts';
import { passwordFits } from './passwords.ts';
import { SESSION_MS, SIGN_IN_CODE_MS } from './service.ts';

const PASSWORD = 'correct horse battery';

describe('sign-in link', () => {
  it('creates the first administrator and signs them in without a password', async () => {
    const { app, auth, records } = await securedApp();
    const code = await auth.createSignInCode();
    const answer = await app.inject({ method: 'POST', url: '/api/v1/auth/link', payload: { code } });
    expect(answer.json()).toMatchObject({ username: 'owner', role: 'admin', csrf_token: expect.any(String) });
    expect(answer.headers['set-cookie']).toMatch(
      /^wattkeeper_session=[\w-]{43}; Max-Age=2592000; Path=\/; HttpOnly; SameSite=Strict$/,
    );
    expect(await records.users.list()).toMatchObject([{ username: 'owner', passwordHash: null }]);
    const cookie = String(answer.headers['set-cookie']).split(';')[0]!;
    const me = await app.inject({ url: '/api/v1/auth/me', headers: { cookie } });
    expect(me.json()).toEqual(answer.json());
  });

  it('sets a cookie that is bound to the host and to TLS if TLS is on', async () => {
    const { app, auth } = await securedApp();
    const code = await auth.createSignInCode();
    const headers = { 'x-forwarded-proto': 'https' };
    const answer = await app.inject({ method: 'POST', url: '/api/v1/auth/link', payload: { code }, headers });
    const set = String(answer.headers['set-cookie']);
    expect(set).toMatch(
      /^__Host-wattkeeper_session=[\w-]{43}; Max-Age=2592000; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
    );
    const cookie = set.split(';')[0]!;
    const me = await app.inject({ url: '/api/v1/auth/me', headers: { ...headers, cookie } });
    expect(me.json()).toEqual(answer.json());
    const out = await app.inject({
      method: 'POST',
      url: '/api/v1/auth/logout',
      headers: { ...headers, cookie, 'x-csrf-token': answer.json().csrf_token },
    });
    expect(out.headers['set-cookie']).toMatch(
      /^__Host-wattkeeper_session=; .*Path=\/; Expires=Thu, 01 Jan 1970.*Secure/,
    );
  });

  it('works once within 15 minutes, and a rejection does not state its reason', async () => {
    const { app, auth, clock } = await securedApp();
    const redeem = (code: string) => app.inject({ method: 'POST', url: '/api/v1/auth/link', payload: { code } });
    const used = await auth.createSignInCode();
    expect((await redeem(used)).statusCode).toBe(200);
    const expired = await auth.createSignInCode();
    clock.now += SIGN_IN_CODE_MS;
    const answers = await Promise.all([redeem(used), redeem(expired), redeem('x'.repeat(43))]);
    expect(answers.map((answer) => answer.statusCode)).toEqual([401, 401, 401]);
    expect(new Set(answers.map((answer) => answer.json().detail)).size).toBe(1);
  });

  it('starts one session for concurrent requests with the same code', async () => {
    const { app, auth } = await securedApp();
    const code = await auth.createSignInCode();
    const redeem = () => app.inject({ method: 'POST', url: '/api/v1/auth/link', payload: { code } });
    const answers = await Promise.all(Array.from({ length: 8 }, redeem));
    expect(answers.filter((answer) => answer.statusCode === 200)).toHaveLength(1);
  });

  it('signs in the user for whom it was created', async () => {
    const { auth } = await securedApp();
    await signInOwner(auth);
    const ann = await auth.users.create({ username: 'ann', password: null, role: 'viewer' }, 'owner');
    expect((await auth.signInWithCode(await auth.createSignInCode(ann.id))).user.username).toBe('ann');
    expect((await auth.signInWithCode(await auth.createSignInCode())).user.username).toBe('owner');
  });

  it('stores only hashes of codes, sessions and tokens', async () => {
    const { auth, records } = await securedApp();
    const code = await auth.createSignInCode();
    const { sessionId } = await auth.signInWithCode(code);
    expect(await records.signIns.find(sessionId)).toBeUndefined();
    expect(await records.signInCodes.redeem(code, 0)).toBeUndefined();
    const { record, token } = await auth.tokens.create(
      { name: 't', scopes: ['read'], expiresAt: null },
      { name: 'owner', scopes: ['read'], userId: null },
    );
    expect(token).toMatch(/^wk_[\w-]{43}$/);
    expect(JSON.stringify(record)).not.toContain(token);
  });
});

describe('sessions', () => {
  it('are extended by use, and end after 30 days without use', async () => {
    const { app, auth, clock } = await securedApp();
    const headers = browserHeaders(await signInOwner(auth));
    const me = () => app.inject({ url: '/api/v1/auth/me', headers });
    for (let day = 0; day < 40; day += 20) {
      clock.now += 20 * 24 * 60 * MINUTE_MS;
      const answer = await me();
      expect(answer.statusCode).toBe(200);
      expect(answer.headers['set-cookie']).toContain('Max-Age=2592000');
    }
    clock.now += SESSION_MS;
    expect((await me()).statusCode).toBe(401);
  });

  it('end at sign-out', async () => {
    const { app, auth } = await securedApp();
    const headers = browserHeaders(await signInOwner(auth));
    const out = await app.inject({ method: 'POST', url: '/api/v1/auth/logout', headers });
    expect(out.statusCode).toBe(204);
    expect(out.headers['set-cookie']).toMatch(/wattkeeper_session=;.*Expires=Thu, 01 Jan 1970/);
    expect((await app.inject({ url: '/api/v1/auth/me', headers })).statusCode).toBe(401);
    const byToken = await app.inject({ method: 'POST', url: '/api/v1/auth/logout', headers: ADMIN_HEADERS });
    expect(byToken.statusCode).toBe(422);
  });

  it('have a cookie that is sent only over HTTPS if the request used HTTPS', async () => {
    const { app, auth } = await securedApp();
    const headers = { ...browserHeaders(await signInOwner(auth)), 'x-forwarded-proto': 'https' };
    const answer = await app.inject({ url: '/api/v1/auth/me', headers });
    expect(answer.headers['set-cookie']).toContain('; Secure');
  });

  it('of a user end when the password changes, except the one that changes it', async () => {
    const { app, auth } = await securedApp();
    const [here, there] = [await signInOwner(auth), await signInOwner(auth)];
    const change = await app.inject({
      method: 'PATCH',
      url: '/api/v1/users/owner',
      headers: browserHeaders(here),
      payload: { password: PASSWORD },
    });
    expect(change.json()).toMatchObject({ username: 'owner', has_password: true });
    const me = async (headers: object) =>
      (await app.inject({ url: '/api/v1/auth/me', headers: { ...headers } })).statusCode;
    expect([await me(browserHeaders(here)), await me(browserHeaders(there))]).toEqual([200, 401]);
  });
});

describe('sign-in by password', () => {
  it('gives the same answer for wrong names and wrong passwords', async () => {
    const { app, auth } = await securedApp();
    await signInOwner(auth);
    await auth.users.create({ username: 'ann', password: PASSWORD, role: 'viewer' }, 'owner');
    const login = (username: string, password: string) =>
      app.inject({ method: 'POST', url: '/api/v1/auth/login', payload: { username, password } });
    expect((await login('ann', PASSWORD)).json()).toMatchObject({ username: 'ann', role: 'viewer', scopes: ['read'] });
    const refused = [await login('ann', 'wrong'), await login('nobody', 'wrong'), await login('owner', 'wrong')];
    for (const answer of refused) {
      expect(answer.statusCode).toBe(401);
      expect(answer.json().detail).toBe('the user name or the password is wrong');
    }
  });

  it('takes the same time for a user without a password and for an unknown name', async () => {
    await passwordFits(PASSWORD, null);
    const start = performance.now();
    expect(await passwordFits(PASSWORD, null)).toBe(false);
    expect(performance.now() - start).toBeGreaterThan(2);
  });

  it('slows down guessing by user and address, and resets the count after a success', async () => {
    const { auth, clock } = await securedApp();
    const { user } = await signInOwner(auth);
    await auth.users.setPassword(user.id, PASSWORD, 'owner');
    const guess = (password: string, address = '10.0.0.1') => auth.signInWithPassword('owner', password, address);
    const guesses = Array.from({ length: 6 }, () => guess('wrong').catch((error: unknown) => error));
    const codes = (await Promise.all(guesses)).map((error) => (error as { code: string }).code);
    expect(codes).toEqual([...Array(5).fill('unauthorized'), 'too_many_requests']);
    await expect(guess(PASSWORD)).rejects.toMatchObject({ code: 'too_many_requests', retryAfterS: 1 });
    expect((await guess(PASSWORD, '10.0.0.2')).user.username).toBe('owner');
    clock.now += 1000;
    await expect(guess('wrong')).rejects.toMatchObject({ code: 'unauthorized' });
    clock.now += 1999;
    await expect(guess(PASSWORD)).rejects.toMatchObject({ code: 'too_many_requests' });
    clock.now += 1;
    await guess(PASSWORD);
    await expect(guess('wrong')).rejects.toMatchObject({ code: 'unauthorized' });
  });

  it('records sign-ins and failures, but no name that could be a password in the wrong field', async () => {
    const { app, auth } = await securedApp();
    await signInOwner(auth);
    for (const username of ['owner', 'my secret password']) {
      await app.inject({ method: 'POST', url: '/api/v1/auth/login', payload: { username, password: 'x' } });
    }
    const log = await app.inject({ url: '/api/v1/audit-log?limit=3', headers: ADMIN_HEADERS });
    expect(log.json().items.map((entry: { actor: string; action: string }) => [entry.actor, entry.action])).toEqual([
      ['unknown', 'sign_in_failed'],
      ['owner', 'sign_in_failed'],
      ['owner', 'sign_in'],
    ]);
    expect(log.json().next_cursor).toEqual(expect.any(String));
    expect(log.body).not.toContain('secret');
  });
});

describe('users', () => {
  it('are managed by administrators', async () => {
    const { app } = await securedApp();
    const post = (payload: object) =>
      app.inject({ method: 'POST', url: '/api/v1/users', headers: ADMIN_HEADERS, payload });
    const ann = await post({ username: 'ann', password: PASSWORD, role: 'admin' });
    expect(ann.statusCode).toBe(201);
    expect(ann.body).not.toContain('argon2');
    expect((await post({ username: 'ann', password: PASSWORD, role: 'viewer' })).statusCode).toBe(409);
    expect((await post({ username: 'Bob!', password: 'short', role: 'king' })).json().errors).toHaveLength(3);
    const url = `/api/v1/users/${ann.json().id}`;
    const demote = await app.inject({ method: 'PATCH', url, headers: ADMIN_HEADERS, payload: { role: 'viewer' } });
    expect(demote.statusCode).toBe(409);
    expect((await app.inject({ method: 'DELETE', url, headers: ADMIN_HEADERS })).statusCode).toBe(409);
    await post({ username: 'bob', password: PASSWORD, role: 'admin' });
    expect((await app.inject({ method: 'DELETE', url, headers: ADMIN_HEADERS })).statusCode).toBe(204);
    const list = await app.inject({ url: '/api/v1/users', headers: ADMIN_HEADERS });
    expect(list.json().items).toMatchObject([{ username: 'bob', role: 'admin', has_password: true }]);
  });

  it('change their own password and nothing else', async () => {
    const { app, auth } = await securedApp();
    await signInOwner(auth);
    const ann = await auth.users.create({ username: 'ann', password: PASSWORD, role: 'viewer' }, 'owner');
    const session = await auth.signInWithPassword('ann', PASSWORD, 'here');
    const { token } = await auth.tokens.create(
      { name: 'hers', scopes: ['read'], expiresAt: null },
      { name: 'ann', scopes: ['read'], userId: ann.id },
    );
    const patch = async (who: string, payload: object, headers: object = browserHeaders(session)) =>
      (await app.inject({ method: 'PATCH', url: `/api/v1/users/${who}`, headers: { ...headers }, payload })).statusCode;
    expect(await patch('ann', { password: 'another password' })).toBe(200);
    expect(await patch('ann', { role: 'admin' })).toBe(403);
    expect(await patch('owner', { password: 'another password' })).toBe(403);
    expect(await patch('ann', { password: 'yet another one' }, { authorization: `Bearer ${token}` })).toBe(403);
  });
});

describe('API tokens', () => {
  it('are shown once, are valid until they expire or are revoked, and record their last use', async () => {
    const { app, auth, clock } = await securedApp();
    const headers = browserHeaders(await signInOwner(auth));
    const create = (payload: object) => app.inject({ method: 'POST', url: '/api/v1/tokens', headers, payload });
    const expires_at = new Date(clock.now + MINUTE_MS).toISOString();
    const created = await create({ name: 'grafana', scopes: ['read'], expires_at });
    expect(created.statusCode).toBe(201);
    const { token, id } = created.json();
    const use = async () =>
      (await app.inject({ url: '/api/v1/auth/me', headers: { authorization: `Token ${token}` } })).json();
    expect(await use()).toMatchObject({ username: 'token:grafana', role: null, scopes: ['read'], csrf_token: null });
    const list = await app.inject({ url: '/api/v1/tokens', headers });
    expect(list.json().items).toMatchObject([
      { name: 'grafana', expires_at, last_used_at: new Date(clock.now).toISOString() },
    ]);
    expect(list.body).not.toContain(token);
    clock.now += MINUTE_MS;
    expect(await use()).toMatchObject({ status: 401 });
    expect((await create({ name: 'grafana', scopes: ['read'] })).statusCode).toBe(409);
    expect((await create({ name: 'old', scopes: ['read'], expires_at })).json().errors[0].field).toBe('expires_at');
    expect((await app.inject({ method: 'DELETE', url: `/api/v1/tokens/${id}`, headers })).statusCode).toBe(204);
    expect((await app.inject({ method: 'DELETE', url: `/api/v1/tokens/${id}`, headers })).statusCode).toBe(404);
  });

  it('never have a scope that their creator lacks, even when it is lost later', async () => {
    const { app, auth } = await securedApp();
    await signInOwner(auth);
    const ann = await auth.users.create({ username: 'ann', password: PASSWORD, role: 'operator' }, 'owner');
    const headers = browserHeaders(await auth.signInWithPassword('ann', PASSWORD, 'here'));
    const create = (scopes: string[], name = 'mine') =>
      app.inject({ method: 'POST', url: '/api/v1/tokens', headers, payload: { name, scopes } });
    expect((await create(['read', 'admin'])).json().detail).toMatch(/ann has read, write, control, not admin/);
    const { token } = (await create(['read', 'write'])).json();
    const byToken = { authorization: `Bearer ${token}` };
    const scopes = async () => (await app.inject({ url: '/api/v1/auth/me', headers: byToken })).json().scopes;
    expect(await scopes()).toEqual(['read', 'write']);
    await auth.users.setRole(ann.id, 'viewer', 'owner');
    expect(await scopes()).toEqual(['read']);
    const spawn = { method: 'POST' as const, url: '/api/v1/tokens', payload: { name: 'child', scopes: ['read'] } };
    expect((await app.inject({ ...spawn, headers: byToken })).statusCode).toBe(403);
    await auth.users.remove(ann.id, 'owner');
    expect((await app.inject({ url: '/api/v1/auth/me', headers: byToken })).statusCode).toBe(401);
  });

  it('cannot have the scope control while no route requires it', async () => {
    const { app, auth } = await securedApp();
    const headers = browserHeaders(await signInOwner(auth));
    const payload = { name: 'switcher', scopes: ['read', 'control'] };
    const answer = await app.inject({ method: 'POST', url: '/api/v1/tokens', headers, payload });
    expect(answer.statusCode).toBe(422);
    expect(answer.json().errors).toEqual([
      {
        field: 'scopes.1',
        detail: expect.stringContaining('control cannot be granted before devices can be controlled'),
      },
    ]);
  });

  it('of others are visible to administrators only, who can revoke them', async () => {
    const { app, auth } = await securedApp();
    const owner = browserHeaders(await signInOwner(auth));
    await auth.users.create({ username: 'ann', password: PASSWORD, role: 'viewer' }, 'owner');
    const ann = browserHeaders(await auth.signInWithPassword('ann', PASSWORD, 'here'));
    const payload = { name: 'of the owner', scopes: ['read'] };
    const { id } = (await app.inject({ method: 'POST', url: '/api/v1/tokens', headers: owner, payload })).json();
    expect((await app.inject({ url: '/api/v1/tokens', headers: ann })).json().items).toEqual([]);
    expect((await app.inject({ method: 'DELETE', url: `/api/v1/tokens/${id}`, headers: ann })).statusCode).toBe(404);
    expect((await app.inject({ url: '/api/v1/tokens', headers: ADMIN_HEADERS })).json().items).toHaveLength(1);
  });
});
