import { describe, expect, it } from 'vitest';
import { securedApp } from '../../../../test/records/secured-app.ts';
import type { Caller } from '../../../http/api.ts';
import { MAX_CACHED_TOKENS, TOKEN_CACHE_MS, TokenCache } from './token-cache.ts';

const MAKER = { name: 'owner', scopes: ['read', 'write', 'control', 'admin'], userId: null } as const;

function holder(name: string, expiresAt: number | null = null) {
  const caller: Caller = { name, scopes: [], csrfToken: null, userId: null, sessionId: null, tokenId: null };
  return { caller, expiresAt };
}

/** A service that counts token lookups in the database. */
async function countedApp() {
  const { app, auth, records, clock } = await securedApp((api) => {
    api.get('/history', { config: { scope: 'read' } }, (request) => request.caller?.name);
  });
  let lookUps = 0;
  const { findByHash } = records.apiTokens;
  records.apiTokens.findByHash = (hash) => {
    lookUps++;
    return findByHash.call(records.apiTokens, hash);
  };
  const ask = async (token: string) =>
    (await app.inject({ url: '/api/v1/history', headers: { authorization: `Bearer ${token}` } })).statusCode;
  return { auth, records, clock, ask, lookUps: () => lookUps };
}

describe('tokens of requests', () => {
  it('are looked up once in several seconds, for any number of requests', async () => {
    const { auth, clock, ask, lookUps } = await countedApp();
    const { token } = await auth.tokens.create({ name: 'writer', scopes: ['read'], expiresAt: null }, MAKER);
    for (let i = 0; i < 20; i++) expect(await ask(token)).toBe(200);
    expect(lookUps()).toBe(1);
    clock.now += TOKEN_CACHE_MS;
    expect(await ask(token)).toBe(200);
    expect(lookUps()).toBe(2);
  });

  it('become invalid immediately when this process revokes them, and within seconds when another one does', async () => {
    const { auth, records, clock, ask } = await countedApp();
    const here = await auth.tokens.create({ name: 'here', scopes: ['read'], expiresAt: null }, MAKER);
    const elsewhere = await auth.tokens.create({ name: 'elsewhere', scopes: ['read'], expiresAt: null }, MAKER);
    expect([await ask(here.token), await ask(elsewhere.token)]).toEqual([200, 200]);
    await auth.tokens.revoke('here', MAKER);
    expect([await ask(here.token), await ask(elsewhere.token)]).toEqual([401, 200]);
    await records.apiTokens.remove(elsewhere.record.id);
    clock.now += TOKEN_CACHE_MS;
    expect(await ask(elsewhere.token)).toBe(401);
  });

  it('lose immediately every right that their creator loses, and all rights when the creator is removed', async () => {
    const { auth, ask } = await countedApp();
    await auth.users.create({ username: 'owner', password: null, role: 'admin' }, 'test');
    const ann = await auth.users.create({ username: 'ann', password: null, role: 'viewer' }, 'test');
    const maker = { ...MAKER, name: 'ann', userId: ann.id };
    const { token } = await auth.tokens.create({ name: 'ann-reads', scopes: ['read'], expiresAt: null }, maker);
    expect(await ask(token)).toBe(200);
    await auth.users.remove(ann.id, 'test');
    expect(await ask(token)).toBe(401);
  });

  it('expire on time', async () => {
    const { auth, clock, ask } = await countedApp();
    const expiresAt = clock.now + TOKEN_CACHE_MS / 2;
    const { token } = await auth.tokens.create({ name: 'short', scopes: ['read'], expiresAt }, MAKER);
    expect(await ask(token)).toBe(200);
    clock.now = expiresAt;
    expect(await ask(token)).toBe(401);
  });
});

describe('the cache of tokens', () => {
  it('does not store the result of a lookup during which rights changed', async () => {
    const cache = new TokenCache();
    const found = Promise.withResolvers<ReturnType<typeof holder>>();
    const first = cache.get('hash', 0, () => found.promise);
    cache.clear();
    found.resolve(holder('before'));
    expect(await first).toMatchObject({ name: 'before' });
    expect(await cache.get('hash', 1, async () => null)).toBeNull();
  });

  it('holds a limited number of tokens, and removes the oldest', async () => {
    const cache = new TokenCache();
    for (let i = 0; i <= MAX_CACHED_TOKENS; i++) await cache.get(`hash ${i}`, 0, async () => holder(`${i}`));
    expect(await cache.get('hash 0', 1, async () => null)).toBeNull();
    expect(await cache.get(`hash ${MAX_CACHED_TOKENS}`, 1, async () => null)).toMatchObject({
      name: `${MAX_CACHED_TOKENS}`,
    });
  });

  it('does not trust a clock that was set back', async () => {
    const cache = new TokenCache();
    await cache.get('hash', 1_000_000, async () => holder('then'));
    expect(await cache.get('hash', 0, async () => null)).toBeNull();
  });
});
