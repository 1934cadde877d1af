import {
  type ApiToken,
  type ApiTokenCreated,
  type GrantableScope,
  type Role,
  SCOPES_OF_ROLE,
  type SignInLink,
  type User,
} from '@wattkeeper/contract/access/auth.ts';
import { parseInstant } from '@wattkeeper/contract/common.ts';
import { openLog } from '../config/log.ts';
import type { Config } from '../config/schema.ts';
import { AuthService, COMMAND_LINE } from '../features/auth/service.ts';
import { toToken } from '../features/auth/tokens/routes.ts';
import type { TokenMaker } from '../features/auth/tokens/token-administration.ts';
import { toUser } from '../features/auth/users/routes.ts';
import { ownUrl } from './running-service.ts';
import { onRecords } from './work.ts';

/** Users, tokens and links of a running or a stopped service. A name may also be an id. Methods throw expected errors. */
export interface Accounts {
  users(): Promise<readonly User[]>;
  /** @param user password null: the user signs in only with links */
  addUser(user: { username: string; role: Role; password: string | null }): Promise<User>;
  changeUser(name: string, change: { role: Role } | { password: string }): Promise<User>;
  removeUser(name: string): Promise<User>;
  tokens(): Promise<readonly ApiToken[]>;
  /** @param token expires_at as an instant; null: never */
  createToken(token: { name: string; scopes: GrantableScope[]; expires_at: string | null }): Promise<ApiTokenCreated>;
  revokeToken(name: string): Promise<ApiToken>;
  /** @param username null: the first administrator, who is created if no user exists */
  createLink(username: string | null): Promise<SignInLink>;
}

/** A user who can run commands on the data folder has all rights. */
const MAKER: TokenMaker = { name: COMMAND_LINE, scopes: SCOPES_OF_ROLE.admin, userId: null };

/** Uses the accounts of a stopped service, for example to restore an administrator's access. */
export function withStoredAccounts<T>(config: Config, use: (accounts: Accounts) => Promise<T>): Promise<T> {
  return onRecords(config, (records) => {
    const log = openLog(config, 'info');
    const auth = new AuthService({ records, warn: (message) => log.warn(message) });
    return use(storedAccounts(auth, config.http.public_url ?? ownUrl(config)));
  });
}

/** @param baseUrl the URL of the service when it runs, including the prefix */
function storedAccounts(auth: AuthService, baseUrl: string): Accounts {
  const { users, tokens } = auth;
  return {
    users: async () => (await users.list()).map(toUser),
    addUser: async (user) => toUser(await users.create(user, COMMAND_LINE)),
    changeUser: async (name, change) => {
      const { id } = await users.require(name);
      return toUser(
        'role' in change
          ? await users.setRole(id, change.role, COMMAND_LINE)
          : await users.setPassword(id, change.password, COMMAND_LINE),
      );
    },
    removeUser: async (name) => {
      const user = await users.require(name);
      await users.remove(user.id, COMMAND_LINE);
      return toUser(user);
    },
    tokens: async () => (await tokens.list(MAKER)).map(toToken),
    createToken: async ({ name, scopes, expires_at: at }) => {
      const made = await tokens.create({ name, scopes, expiresAt: at === null ? null : parseInstant(at) }, MAKER);
      return { ...toToken(made.record), token: made.token };
    },
    revokeToken: async (name) => toToken(await tokens.revoke(name, MAKER)),
    createLink: (username) => auth.createLink(username, baseUrl, COMMAND_LINE),
  };
}
