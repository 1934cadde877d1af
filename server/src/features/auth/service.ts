import type { IncomingHttpHeaders } from 'node:http';
import { SCOPES_OF_ROLE, type Scope, type SignInLink } from '@wattkeeper/contract/access/auth.ts';
import { SECOND_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { InvalidInput, messageOf, Unauthorized, Unavailable } from '../../domain/errors.ts';
import type { Caller } from '../../http/api.ts';
import type { ApiTokenRecord } from '../../storage/records/accounts/api-tokens.ts';
import type { UserRecord } from '../../storage/records/accounts/users.ts';
import type { RecordStore } from '../../storage/records/record-store.ts';
import { tokensOf } from './credentials.ts';
import { LoginBackoff } from './login-backoff.ts';
import { passwordFits } from './passwords.ts';
import { scopesInForce, scopesWithin } from './scopes-in-force.ts';
import { hashOf, newSecret, sameSecret } from './secrets.ts';
import { TokenAdministration } from './tokens/token-administration.ts';
import { TokenCache, type TokenHolder } from './tokens/token-cache.ts';
import { UserAdministration } from './users/user-administration.ts';

export interface AuthOptions {
  readonly records: RecordStore;
  /** The administrator's API token of the configuration. */
  readonly adminToken?: string | undefined;
  /** Secret with which commands authenticate when the user of the service runs them on the same machine. */
  readonly localToken?: string | undefined;
  /** Path of the session cookie: the prefix of a reverse proxy. Default `/`. */
  readonly cookiePath?: string | undefined;
  /** Address that users type, if configured. */
  readonly publicUrl?: string | undefined;
  /** Epoch milliseconds. Default: the clock. */
  readonly now?: (() => number) | undefined;
  /** Called when the time of last use cannot be stored; the request continues. */
  readonly warn?: ((message: string) => void) | undefined;
}

const SESSION_COOKIE = 'wattkeeper_session';
/** For TLS: browsers accept a cookie with this prefix only from this host and only over an encrypted connection (RFC 6265bis 4.1.3.2). */
const SECURE_SESSION_COOKIE = `__Host-${SESSION_COOKIE}`;

export function sessionCookieName(secure: boolean): string {
  return secure ? SECURE_SESSION_COOKIE : SESSION_COOKIE;
}

/** The id of the session in the cookies. */
export function sessionIn(cookies: Readonly<Record<string, string | undefined>>): string | undefined {
  return cookies[SECURE_SESSION_COOKIE] ?? cookies[SESSION_COOKIE];
}

/** A session ends after this time without use. */
export const SESSION_MS = 30 * UTC_DAY_MS;
/** A sign-in link is valid for this long. */
export const SIGN_IN_CODE_MS = 15 * 60 * SECOND_MS;
/** The actor of commands in the audit log. Anyone who can run commands as the service's user has all rights. */
export const COMMAND_LINE = 'command line';
/** Name of the administrator that the first sign-in link creates. */
export const OWNER = 'owner';
/** The time of last use is stored at most once in this interval. */
const TOUCH_EVERY_MS = 60 * SECOND_MS;

const ALL_SCOPES = SCOPES_OF_ROLE.admin;
const NO_SESSION = { csrfToken: null, sessionId: null };

/** A new session; only here is its id available in plain text. */
export interface SignedIn {
  readonly sessionId: string;
  readonly csrfToken: string;
  readonly user: UserRecord;
}

/** Authenticates callers, and signs users in and out. */
export class AuthService {
  readonly users: UserAdministration;
  readonly tokens: TokenAdministration;
  readonly cookiePath: string;
  readonly publicUrl: string | undefined;
  readonly records: RecordStore;
  readonly #options: AuthOptions;
  readonly #now: () => number;
  readonly #backoff = new LoginBackoff();
  readonly #holders = new TokenCache();
  readonly #rightsListeners = new Set<() => void>();

  constructor(options: AuthOptions) {
    this.#options = options;
    this.records = options.records;
    this.#now = options.now ?? Date.now;
    this.cookiePath = options.cookiePath || '/';
    this.publicUrl = options.publicUrl;
    const onRightsChanged = () => this.#rightsChanged();
    this.users = new UserAdministration(options.records, onRightsChanged);
    this.tokens = new TokenAdministration(options.records, this.#now, onRightsChanged);
  }

  /**
   * Returns the caller of a request by its API token, or otherwise by its session cookie; null without valid credentials.
   *
   * @param query parsed query of the request, on routes that accept tokens in it (`p=`)
   */
  async authenticate(
    headers: IncomingHttpHeaders,
    cookies: Readonly<Record<string, string | undefined>>,
    query?: unknown,
  ): Promise<Caller | null> {
    for (const token of tokensOf(headers, query)) {
      const caller = await this.#byToken(token);
      if (caller !== null) return caller;
    }
    // An invalid token must not hide a session: a reverse proxy with its own Basic authentication forwards that header.
    const sessionId = sessionIn(cookies);
    return sessionId === undefined ? null : this.#bySession(sessionId);
  }

  /** The current scopes of each caller; null if its session or token has ended. */
  scopesInForce(callers: readonly Caller[]): Promise<(readonly Scope[] | null)[]> {
    return scopesInForce(this.records, callers, this.#now());
  }

  /** Registers a listener for the withdrawal of rights by this process; returns the function that removes it. */
  onRightsChanged(listener: () => void): () => void {
    this.#rightsListeners.add(listener);
    return () => this.#rightsListeners.delete(listener);
  }

  /**
   * Creates a code for a sign-in link, valid once within 15 minutes.
   *
   * @param userId the user to sign in; null: the first administrator, who is created if no user exists
   */
  async createSignInCode(userId: string | null = null): Promise<string> {
    const now = this.#now();
    const code = newSecret();
    await this.records.signInCodes.prune(now);
    await this.records.signInCodes.create(hashOf(code), userId, now, now + SIGN_IN_CODE_MS);
    return code;
  }

  /**
   * Creates a sign-in link, valid once within 15 minutes.
   *
   * @param idOrName the user to sign in; null as in `createSignInCode`
   * @param baseUrl address of the service, including its path prefix
   */
  async createLink(idOrName: string | null, baseUrl: string, actor: string): Promise<SignInLink> {
    const user = idOrName === null ? null : await this.users.require(idOrName);
    const code = await this.createSignInCode(user?.id ?? null);
    const username = user?.username ?? null;
    await this.records.auditLog.append({ actor, action: 'sign_in_link.create', target: username });
    const url = `${baseUrl.replace(/\/$/, '')}/ui/sign-in?code=${code}`;
    return { url, username, expires_in_s: SIGN_IN_CODE_MS / SECOND_MS };
  }

  /** @throws Unauthorized for a code that is unknown, expired or used, without stating which */
  async signInWithCode(code: string): Promise<SignedIn> {
    const redeemed = await this.records.signInCodes.redeem(hashOf(code), this.#now());
    const user = redeemed && (await this.#userOfCode(redeemed.userId));
    if (user === undefined) {
      await this.records.auditLog.append({ actor: 'unknown', action: 'sign_in_failed', detail: 'by link' });
      throw new Unauthorized(
        'this sign-in link is unknown, used or older than 15 minutes: make a new one with the command sign-in-link',
      );
    }
    return this.#beginSession(user, 'by link');
  }

  /**
   * Signs in by password. The check takes the same time whether or not the user exists.
   *
   * @param address the address of the client
   * @throws Unauthorized for a wrong name or password, without stating which
   * @throws Unavailable (`too_many_requests`) after several failures with this name from this address
   */
  async signInWithPassword(username: string, password: string, address: string): Promise<SignedIn> {
    const key = `${username} ${address}`;
    const waitMs = this.#backoff.attempt(key, this.#now());
    if (waitMs > 0) {
      const retryAfterS = Math.ceil(waitMs / SECOND_MS);
      throw new Unavailable(`too many failed attempts: try again in ${retryAfterS} s`, {
        code: 'too_many_requests',
        retryAfterS,
      });
    }
    const user = await this.records.users.findByName(username);
    if (!(await passwordFits(password, user?.passwordHash ?? null)) || user === undefined) {
      // An unknown name may be a password in the wrong field, so it is not recorded.
      const actor = user?.username ?? 'unknown';
      await this.records.auditLog.append({ actor, action: 'sign_in_failed', detail: `by password from ${address}` });
      throw new Unauthorized('the user name or the password is wrong');
    }
    this.#backoff.succeeded(key);
    return this.#beginSession(user, `by password from ${address}`);
  }

  /** Ends the caller's session. */
  async signOut(caller: Caller): Promise<void> {
    if (caller.sessionId === null) {
      throw new InvalidInput('there is no session to end: the request came with an API token');
    }
    await this.records.signIns.remove(caller.sessionId);
    this.#rightsChanged();
    await this.records.auditLog.append({ actor: caller.name, action: 'sign_out' });
  }

  #rightsChanged(): void {
    this.#holders.clear();
    for (const listener of this.#rightsListeners) listener();
  }

  async #userOfCode(userId: string | null): Promise<UserRecord | undefined> {
    if (userId !== null) return this.records.users.find(userId);
    const admin = await this.records.users.firstAdmin();
    if (admin !== undefined) return admin;
    return this.users.create({ username: OWNER, password: null, role: 'admin' }, 'system');
  }

  async #beginSession(user: UserRecord, how: string): Promise<SignedIn> {
    const now = this.#now();
    const sessionId = newSecret();
    const csrfToken = newSecret();
    const session = { idHash: hashOf(sessionId), userId: user.id, csrfToken, createdAt: now, lastUsedAt: now };
    await this.records.signIns.prune(now);
    await this.records.signIns.create({ ...session, expiresAt: now + SESSION_MS });
    await this.records.auditLog.append({ actor: user.username, action: 'sign_in', detail: how });
    return { sessionId, csrfToken, user };
  }

  async #bySession(sessionId: string): Promise<Caller | null> {
    const idHash = hashOf(sessionId);
    const found = await this.records.signIns.find(idHash);
    const now = this.#now();
    if (found === undefined || found.session.expiresAt <= now) return null;
    const { session, user } = found;
    if (now - session.lastUsedAt >= TOUCH_EVERY_MS) {
      await this.#note(this.records.signIns.touch(idHash, now, now + SESSION_MS));
    }
    return {
      name: user.username,
      scopes: SCOPES_OF_ROLE[user.role],
      csrfToken: session.csrfToken,
      userId: user.id,
      sessionId: idHash,
      tokenId: null,
    };
  }

  async #byToken(token: string): Promise<Caller | null> {
    const { adminToken, localToken } = this.#options;
    if (localToken !== undefined && sameSecret(token, localToken)) {
      return { ...NO_SESSION, name: COMMAND_LINE, scopes: ALL_SCOPES, userId: null, tokenId: null };
    }
    if (adminToken !== undefined && sameSecret(token, adminToken)) {
      return { ...NO_SESSION, name: 'token:administrator', scopes: ALL_SCOPES, userId: null, tokenId: null };
    }
    const tokenHash = hashOf(token);
    return this.#holders.get(tokenHash, this.#now(), () => this.#holderOf(tokenHash));
  }

  async #holderOf(tokenHash: string): Promise<TokenHolder | null> {
    const record = await this.records.apiTokens.findByHash(tokenHash);
    const now = this.#now();
    if (record === undefined || (record.expiresAt !== null && record.expiresAt <= now)) return null;
    if (record.lastUsedAt === null || now - record.lastUsedAt >= TOUCH_EVERY_MS) {
      await this.#note(this.records.apiTokens.touch(record.id, now));
    }
    const scopes = await this.#scopesInForce(record);
    const caller = { ...NO_SESSION, name: `token:${record.name}`, scopes, userId: record.userId, tokenId: record.id };
    return { caller, expiresAt: record.expiresAt };
  }

  async #scopesInForce(token: ApiTokenRecord): Promise<readonly Scope[]> {
    if (token.userId === null) return token.scopes;
    const user = await this.records.users.find(token.userId);
    return user === undefined ? [] : scopesWithin(token.scopes, user.role);
  }

  /** Reading must work with a full disk or a locked database. */
  async #note(writing: Promise<void>): Promise<void> {
    try {
      await writing;
    } catch (error) {
      this.#options.warn?.(`the time of last use was not noted: ${messageOf(error)}`);
    }
  }
}
