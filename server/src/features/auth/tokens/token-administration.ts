import type { Scope } from '@wattkeeper/contract/access/auth.ts';
import { Forbidden, InvalidInput, NotFound } from '../../../domain/errors.ts';
import type { Caller } from '../../../http/api.ts';
import type { ApiTokenRecord } from '../../../storage/records/accounts/api-tokens.ts';
import type { RecordStore } from '../../../storage/records/record-store.ts';
import { hashOf, newSecret, TOKEN_PREFIX } from '../secrets.ts';

export interface NewToken {
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** Epoch milliseconds; null: never. */
  readonly expiresAt: number | null;
}

/** The creator of a token, whose rights limit those of the token. */
export type TokenMaker = Pick<Caller, 'name' | 'scopes' | 'userId'>;

/** API tokens. Every change is recorded in the audit log. */
export class TokenAdministration {
  readonly #records: RecordStore;
  readonly #now: () => number;
  readonly #onRightsChanged: () => void;

  /** @param onRightsChanged called after a token is revoked */
  constructor(records: RecordStore, now: () => number, onRightsChanged: () => void) {
    this.#records = records;
    this.#now = now;
    this.#onRightsChanged = onRightsChanged;
  }

  /** All tokens for administrators; other callers get their own. */
  async list(caller: TokenMaker): Promise<ApiTokenRecord[]> {
    const all = await this.#records.apiTokens.list();
    return isAdmin(caller) ? all : all.filter((token) => isOwn(token, caller));
  }

  /**
   * Creates a token; only here is its text available.
   * @throws Forbidden for scopes that the creator lacks, InvalidInput for an expiry in the past, Conflict if the name is taken
   */
  async create(token: NewToken, maker: TokenMaker): Promise<{ record: ApiTokenRecord; token: string }> {
    const lacking = token.scopes.filter((scope) => !maker.scopes.includes(scope));
    if (lacking.length > 0) {
      throw new Forbidden(
        `a token can only have scopes that its maker has; ${maker.name} has ${maker.scopes.join(', ') || 'none'}, not ${lacking.join(', ')}`,
      );
    }
    if (token.expiresAt !== null && token.expiresAt <= this.#now()) {
      const detail = `must be in the future; got ${new Date(token.expiresAt).toISOString()}`;
      throw new InvalidInput(`expires_at ${detail}`, { fields: [{ field: 'expires_at', detail }] });
    }
    const text = newSecret(TOKEN_PREFIX);
    const scopes = [...new Set(token.scopes)];
    const record = await this.#records.apiTokens.create({
      name: token.name,
      tokenHash: hashOf(text),
      scopes,
      userId: maker.userId,
      expiresAt: token.expiresAt,
    });
    const detail = `scopes ${scopes.join(', ')}`;
    await this.#records.auditLog.append({ actor: maker.name, action: 'token.create', target: token.name, detail });
    return { record, token: text };
  }

  /** Finds a token by id or name. @throws NotFound, also for tokens of other users unless the caller is an administrator */
  async revoke(idOrName: string, caller: TokenMaker): Promise<ApiTokenRecord> {
    const { apiTokens, auditLog } = this.#records;
    const token = (await apiTokens.find(idOrName)) ?? (await apiTokens.findByName(idOrName));
    if (token === undefined || !(isAdmin(caller) || isOwn(token, caller))) {
      throw new NotFound(`there is no API token with the id or name ${JSON.stringify(idOrName)}`);
    }
    await apiTokens.remove(token.id);
    this.#onRightsChanged();
    await auditLog.append({ actor: caller.name, action: 'token.revoke', target: token.name });
    return token;
  }
}

function isAdmin(caller: TokenMaker): boolean {
  return caller.scopes.includes('admin');
}

function isOwn(token: ApiTokenRecord, caller: TokenMaker): boolean {
  return token.userId !== null && token.userId === caller.userId;
}
