import type { RecordsContext } from '../schema.ts';

/** A code of a one-time sign-in link, stored as its hash. */
export interface SignInCodes {
  create(codeHash: string, userId: string | null, createdAt: number, expiresAt: number): Promise<void>;
  /**
   * Takes a code out of circulation and says whose it was (`userId` null: the first administrator's, who may not exist yet);
   * undefined for a code that is unknown, expired or used. Of several that come with the same code one gets it.
   */
  redeem(codeHash: string, at: number): Promise<{ userId: string | null } | undefined>;
  /** Drops those that expired before an instant. */
  prune(before: number): Promise<number>;
}

/** Sign-in codes in the records' database. */
export class SqlSignInCodes implements SignInCodes {
  readonly #context: RecordsContext;

  constructor(context: RecordsContext) {
    this.#context = context;
  }

  async create(codeHash: string, userId: string | null, createdAt: number, expiresAt: number): Promise<void> {
    await this.#context.db
      .insertInto('sign_in_codes')
      .values({ code_hash: codeHash, user_id: userId, created_at: createdAt, expires_at: expiresAt })
      .execute();
  }

  async redeem(codeHash: string, at: number): Promise<{ userId: string | null } | undefined> {
    const row = await this.#context.db
      .updateTable('sign_in_codes')
      .set({ used_at: at })
      .where('code_hash', '=', codeHash)
      .where('used_at', 'is', null)
      .where('expires_at', '>', at)
      .returning('user_id')
      .executeTakeFirst();
    return row && { userId: row.user_id };
  }

  async prune(before: number): Promise<number> {
    const result = await this.#context.db
      .deleteFrom('sign_in_codes')
      .where('expires_at', '<', before)
      .executeTakeFirst();
    return Number(result.numDeletedRows);
  }
}
