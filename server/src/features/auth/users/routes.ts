import type { User, UserPatch } from '@wattkeeper/contract/access/auth.ts';
import { formatInstant } from '@wattkeeper/contract/common.ts';
import { changeUser, createUser, listUsers, removeUser } from '@wattkeeper/contract/endpoints/access.ts';
import type { z } from 'zod';
import { Forbidden } from '../../../domain/errors.ts';
import { requireScope } from '../../../domain/rights.ts';
import type { Api, Caller } from '../../../http/api.ts';
import { callerOf } from '../../../http/security-caller.ts';
import { serve } from '../../../http/serve.ts';
import type { UserRecord } from '../../../storage/records/accounts/users.ts';
import { pageOfList } from '../../../storage/records/page.ts';
import type { AuthService } from '../service.ts';

/** `/users`. */
export function userRoutes(api: Api, auth: AuthService): void {
  serve(api, listUsers, async ({ query }) => pageOfList((await auth.users.list()).map(toUser), query, ({ id }) => id));
  serve(api, createUser, async (request) => {
    const user = await auth.users.create(request.body, callerOf(request).name);
    return toUser(user);
  });
  serve(api, changeUser, async (request) =>
    toUser(await change(auth, request.params.id, request.body, callerOf(request))),
  );
  serve(api, removeUser, async (request) => {
    await auth.users.remove(request.params.id, callerOf(request).name);
  });
}

async function change(
  auth: AuthService,
  idOrName: string,
  { role, password }: z.infer<typeof UserPatch>,
  caller: Caller,
): Promise<UserRecord> {
  const isAdmin = caller.scopes.includes('admin');
  // Only in a session: a leaked token must not suffice to take over the account.
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
