import { ApiToken, ApiTokenCreated, SignInLink, User } from '@wattkeeper/contract/access/auth.ts';
import { NotFound } from '../domain/errors.ts';
import type { Invocation } from './invocation.ts';
import type { ServiceApi } from './service-api.ts';
import type { Accounts } from './stored-accounts.ts';

/** Uses the accounts of the running service, or the records of a stopped one. */
export async function withAccounts<T>(invocation: Invocation, use: (accounts: Accounts) => Promise<T>): Promise<T> {
  const service = await invocation.service();
  if (service) return use(accountsOfService(service));
  const { withStoredAccounts } = await import('./stored-accounts.ts');
  return withStoredAccounts(invocation.config, use);
}

function accountsOfService(service: ServiceApi): Accounts {
  const users = () => service.list('/users', User);
  const tokens = () => service.list('/tokens', ApiToken);
  return {
    users,
    addUser: async (user) => User.parse(await service.call('POST', '/users', user)),
    changeUser: async (name, change) => User.parse(await service.call('PATCH', pathOf('users', name), change)),
    removeUser: async (name) => {
      const user = (await users()).find(({ id, username }) => id === name || username === name);
      if (user === undefined) throw new NotFound(`there is no user with the id or name ${JSON.stringify(name)}`);
      await service.call('DELETE', pathOf('users', user.id));
      return user;
    },
    tokens,
    createToken: async (token) => ApiTokenCreated.parse(await service.call('POST', '/tokens', token)),
    revokeToken: async (name) => {
      const token = (await tokens()).find((one) => one.id === name || one.name === name);
      if (token === undefined) throw new NotFound(`there is no API token with the id or name ${JSON.stringify(name)}`);
      await service.call('DELETE', pathOf('tokens', token.id));
      return token;
    },
    createLink: async (username) => SignInLink.parse(await service.call('POST', '/auth/links', { username })),
  };
}

function pathOf(kind: string, name: string): string {
  return `/${kind}/${encodeURIComponent(name)}`;
}
