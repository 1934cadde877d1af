import { ApiToken, ApiTokenCreated, SignInLink, User } from '@wattkeeper/contract/access/auth.ts';
import { NotFound } from '../domain/errors.ts';
import type { Accounts } from './account-context.ts';
import { callService, callServiceRaw, type RunningService } from './service-jobs.ts';
import { listOfService } from './service-lists.ts';

/** Accounts of a service that runs. */
export function accountsOfService(service: RunningService): Accounts {
  const users = () => listOfService(service, '/users', User);
  const tokens = () => listOfService(service, '/tokens', ApiToken);
  return {
    users,
    addUser: async (user) => User.parse(await callService(service, 'POST', '/users', user)),
    changeUser: async (name, change) => User.parse(await callService(service, 'PATCH', pathOf('users', name), change)),
    removeUser: async (name) => {
      const user = (await users()).find(({ id, username }) => id === name || username === name);
      if (user === undefined) throw new NotFound(`there is no user with the id or name ${JSON.stringify(name)}`);
      await callServiceRaw(service, 'DELETE', pathOf('users', user.id));
      return user;
    },
    tokens,
    createToken: async (token) => ApiTokenCreated.parse(await callService(service, 'POST', '/tokens', token)),
    revokeToken: async (name) => {
      const token = (await tokens()).find((one) => one.id === name || one.name === name);
      if (token === undefined) throw new NotFound(`there is no API token with the id or name ${JSON.stringify(name)}`);
      await callServiceRaw(service, 'DELETE', pathOf('tokens', token.id));
      return token;
    },
    createLink: async (username) => SignInLink.parse(await callService(service, 'POST', '/auth/links', { username })),
  };
}

function pathOf(kind: string, name: string): string {
  return `/${kind}/${encodeURIComponent(name)}`;
}
