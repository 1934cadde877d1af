import { type Role, SCOPES_OF_ROLE, type Scope } from '@wattkeeper/contract/access/auth.ts';
import type { Caller } from '../../http/api.ts';
import type { RecordStore } from '../../storage/records/record-store.ts';

/**
 * The current scopes of callers that were authenticated earlier; null for a caller whose session or token has ended. Takes two queries for any number
 * of callers, and none for callers with the configured token.
 */
export async function scopesInForce(
  { signIns, apiTokens }: Pick<RecordStore, 'signIns' | 'apiTokens'>,
  callers: readonly Caller[],
  now: number,
): Promise<(readonly Scope[] | null)[]> {
  const [bySession, byToken] = await Promise.all([
    allOf(
      callers.map(({ sessionId }) => sessionId),
      (ids) => signIns.holders(ids),
    ),
    allOf(
      callers.map(({ tokenId }) => tokenId),
      (ids) => apiTokens.rights(ids),
    ),
  ]);
  const sessionScopes = new Map(
    bySession.filter(({ expiresAt }) => expiresAt > now).map(({ idHash, role }) => [idHash, SCOPES_OF_ROLE[role]]),
  );
  const tokenScopes = new Map(
    byToken
      .filter(({ expiresAt }) => expiresAt === null || expiresAt > now)
      .map(({ id, scopes, role }) => [id, role === null ? scopes : scopesWithin(scopes, role)]),
  );
  return callers.map(({ sessionId, tokenId, scopes }) => {
    if (sessionId !== null) return sessionScopes.get(sessionId) ?? null;
    return tokenId === null ? scopes : (tokenScopes.get(tokenId) ?? null);
  });
}

/** A token never has more rights than its creator has now. */
export function scopesWithin(scopes: readonly Scope[], role: Role): readonly Scope[] {
  return scopes.filter((scope) => SCOPES_OF_ROLE[role].includes(scope));
}

async function allOf<T>(ids: readonly (string | null)[], find: (ids: string[]) => Promise<T[]>): Promise<T[]> {
  const known = new Set(ids.filter((id) => id !== null));
  return known.size === 0 ? [] : find([...known]);
}
