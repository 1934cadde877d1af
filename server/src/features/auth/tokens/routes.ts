import type { ApiToken } from '@wattkeeper/contract/access/auth.ts';
import { formatInstant, parseInstant } from '@wattkeeper/contract/common.ts';
import { createToken, listTokens, revokeToken } from '@wattkeeper/contract/endpoints/access.ts';
import { Forbidden } from '../../../domain/errors.ts';
import type { Api, Caller } from '../../../http/api.ts';
import { callerOf } from '../../../http/security-caller.ts';
import { serve } from '../../../http/serve.ts';
import type { ApiTokenRecord } from '../../../storage/records/accounts/api-tokens.ts';
import { pageOfList } from '../../../storage/records/page.ts';
import type { AuthService } from '../service.ts';

/** `/tokens`: the caller's own tokens; administrators list and revoke all. */
export function tokenRoutes(api: Api, auth: AuthService): void {
  serve(api, listTokens, async (request) =>
    pageOfList((await auth.tokens.list(callerOf(request))).map(toToken), request.query, ({ id }) => id),
  );
  serve(api, createToken, async (request) => {
    const { name, scopes, expires_at: expiresAt } = request.body;
    const maker = maySpawn(callerOf(request));
    const expiry = expiresAt === null ? null : parseInstant(expiresAt);
    const { record, token } = await auth.tokens.create({ name, scopes, expiresAt: expiry }, maker);
    return { ...toToken(record), token };
  });
  serve(api, revokeToken, async (request) => {
    await auth.tokens.revoke(request.params.id, maySpawn(callerOf(request)));
  });
}

/** A token without the admin scope cannot create tokens: otherwise its holder could keep access after it expires. */
function maySpawn(caller: Caller): Caller {
  if (caller.sessionId !== null || caller.scopes.includes('admin')) return caller;
  throw new Forbidden('only a signed-in user or a token with the scope "admin" can make or revoke tokens');
}

/** A token as the API and the command line show it, without its text. */
export function toToken(token: ApiTokenRecord): ApiToken {
  return {
    id: token.id,
    name: token.name,
    scopes: [...token.scopes],
    created_at: formatInstant(token.createdAt),
    expires_at: token.expiresAt === null ? null : formatInstant(token.expiresAt),
    last_used_at: token.lastUsedAt === null ? null : formatInstant(token.lastUsedAt),
  };
}
