import { ApiToken, ApiTokenCreate, ApiTokenCreated } from '@wattkeeper/contract/access/auth.ts';
import { formatInstant, ListQuery, pageOf, parseInstant } from '@wattkeeper/contract/common.ts';
import { z } from 'zod';
import { Forbidden } from '../../../domain/errors.ts';
import type { Api, Caller } from '../../../http/api.ts';
import { callerOf } from '../../../http/security-caller.ts';
import type { ApiTokenRecord } from '../../../storage/records/accounts/api-tokens.ts';
import { pageOfList } from '../../../storage/records/page.ts';
import type { AuthService } from '../service.ts';

const schema = { tags: ['auth'] };
const config = { scope: 'read' as const };
const IdParams = z.object({ id: z.string().min(1).max(200).meta({ description: 'Id or name of the token' }) });

/** `/tokens`: everybody's own; administrators see and revoke all. */
export function tokenRoutes(api: Api, auth: AuthService): void {
  api.get(
    '/tokens',
    {
      schema: { ...schema, summary: 'API tokens', querystring: ListQuery, response: { 200: pageOf(ApiToken) } },
      config,
    },
    async (request) =>
      pageOfList((await auth.tokens.list(callerOf(request))).map(toToken), request.query, ({ id }) => id),
  );
  api.post(
    '/tokens',
    {
      schema: {
        ...schema,
        summary: 'Make an API token with scopes that you have yourself',
        body: ApiTokenCreate,
        response: { 201: ApiTokenCreated },
      },
      config,
    },
    async (request, reply) => {
      const { name, scopes, expires_at: expiresAt } = request.body;
      const maker = maySpawn(callerOf(request));
      const expiry = expiresAt === null ? null : parseInstant(expiresAt);
      const { record, token } = await auth.tokens.create({ name, scopes, expiresAt: expiry }, maker);
      return reply.status(201).send({ ...toToken(record), token });
    },
  );
  api.delete(
    '/tokens/:id',
    { schema: { ...schema, summary: 'Revoke an API token', params: IdParams, response: { 204: z.null() } }, config },
    async (request, reply) => {
      await auth.tokens.revoke(request.params.id, maySpawn(callerOf(request)));
      return reply.status(204).send(null);
    },
  );
}

/** A token without the admin scope makes no other tokens: one that expires could outlive itself. */
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
