import { NotFound } from '../domain/errors.ts';
import type { Invocation } from './invocation.ts';
import type { ServiceApi } from './service-api.ts';
import type { Accounts } from './stored-accounts.ts';

/** Uses the accounts of the running service, or those in the records of a stopped one. */
export async function withAccounts<T>(invocation: Invocation, use: (accounts: Accounts) => Promise<T>): Promise<T> {
  const service = await invocation.service();
  if (service) return use(await accountsOfService(service));
  const { withStoredAccounts } = await import('./stored-accounts.ts');
  return withStoredAccounts(invocation.config, use);
}

async function accountsOfService(service: ServiceApi): Promise<Accounts> {
  const endpoints = await import('@wattkeeper/contract/endpoints/access.ts');
  const users = () => service.list(endpoints.listUsers);
  const tokens = () => service.list(endpoints.listTokens);
  return {
    users,
    addUser: (body) => service.call(endpoints.createUser, { body }),
    changeUser: (id, body) => service.call(endpoints.changeUser, { params: { id }, body }),
    removeUser: async (name) => {
      const user = (await users()).find(({ id, username }) => id === name || username === name);
      if (user === undefined) throw new NotFound(`there is no user with the id or name ${JSON.stringify(name)}`);
      await service.call(endpoints.removeUser, { params: { id: user.id } });
      return user;
    },
    tokens,
    createToken: (body) => service.call(endpoints.createToken, { body }),
    revokeToken: async (name) => {
      const token = (await tokens()).find((one) => one.id === name || one.name === name);
      if (token === undefined) throw new NotFound(`there is no API token with the id or name ${JSON.stringify(name)}`);
      await service.call(endpoints.revokeToken, { params: { id: token.id } });
      return token;
    },
    createLink: (username) => service.call(endpoints.createSignInLink, { body: { username } }),
  };
}
