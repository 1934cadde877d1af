import { User, UserCreate, UserPatch } from '@wattkeeper/contract/access/auth.ts';
import { formatInstant, ListQuery, pageOf } from '@wattkeeper/contract/common.ts';
import { z } from 'zod';
import { Forbidden } from '../../../domain/errors.ts';
import { requireScope } from '../../../domain/rights.ts';
import type { Api, Caller } from '../../../http/api.ts';
import { callerOf } from '../../../http/security-caller.ts';
import type { UserRecord } from '../../../storage/records/accounts/users.ts';
import { pageOfList } from '../../../storage/records/page.ts';
import type { AuthService } from '../service.ts';

const schema = { tags: ['auth'] };
const IdParams = z.object({ id: z.string().min(1).max(200).meta({ description: 'Id or name of the user' }) });

/** `/users`. */
export function userRoutes(api: Api, auth: AuthService): void {
  const config = { scope: 'admin' as const };
  api.get(
    '/users',
    { schema: { ...schema, summary: 'All users', querystring: ListQuery, response: { 200: pageOf(User) } }, config },
    async ({ query }) => pageOfList((await auth.users.list()).map(toUser), query, ({ id }) => id),
  );
  api.post(
    '/users',
    { schema: { ...schema, summary: 'Add a user', body: UserCreate, response: { 201: User } }, config },
    async (request, reply) => {
      const user = await auth.users.create(request.body, callerOf(request).name);
      return reply.status(201).send(toUser(user));
    },
  );
  api.patch(
    '/users/:id',
    {
      schema: {
        ...schema,
        summary: 'Change the role or the password of a user; everybody may change their own password',
        params: IdParams,
        body: UserPatch,
        response: { 200: User },
      },
      config: { scope: 'read' },
    },
    async (request) => toUser(await change(auth, request.params.id, request.body, callerOf(request))),
  );
  api.delete(
    '/users/:id',
    { schema: { ...schema, summary: 'Remove a user', params: IdParams, response: { 204: z.null() } }, config },
    async (request, reply) => {
      await auth.users.remove(request.params.id, callerOf(request).name);
      return reply.status(204).send(null);
    },
  );
}

async function change(
  auth: AuthService,
  idOrName: string,
  { role, password }: z.infer<typeof UserPatch>,
  caller: Caller,
): Promise<UserRecord> {
  const isAdmin = caller.scopes.includes('admin');
  // Only in a session: a token that leaked must not be able to take the account over.
  const isSelf = caller.sessionId !== null && (caller.userId === idOrName || caller.name === idOrName);
  if (!isAdmin && !isSelf) throw new Forbidden('only administrators change other users');
  let user = await auth.users.require(idOrName);
  if (role !== undefined) {
    requireScope(caller, 'admin');
    user = await auth.users.setRole(user.id, role, caller.name);
  }
  if (password !== undefined) {
    const keep = user.id === caller.userId ? (caller.sessionId ?? undefined) : undefined;
    user = await auth.users.setPassword(user.id, password, caller.name, keep);
  }
  return user;
}

/** A user as the API and the command line show them. */
export function toUser(user: UserRecord): User {
  return {
    id: user.id,
    username: user.username,
    role: user.role,
    created_at: formatInstant(user.createdAt),
    has_password: user.passwordHash !== null,
  };
}
