import type { RecordsContext, RecordsDatabase } from '../schema.ts';

/** Codes of one-time sign-in links, stored as hashes. */
export class SignInCodes {
  readonly #db: RecordsDatabase;

  constructor({ db }: RecordsContext) {
    this.#db = db;
  }

  async create(codeHash: string, userId: string | null, createdAt: number, expiresAt: number): Promise<void> {
    await this.#db
      .insertInto('sign_in_codes')
      .values({ code_hash: codeHash, user_id: userId, created_at: createdAt, expires_at: expiresAt })
      .execute();
  }

  /**
   * Invalidates a code and returns its user (`userId` null: the first administrator, who may not exist yet); undefined for an unknown,
   * expired or used code. Of several concurrent requests with the same code, one succeeds.
   */
  async redeem(codeHash: string, at: number): Promise<{ userId: string | null } | undefined> {
    const row = await this.#db
      .updateTable('sign_in_codes')
      .set({ used_at: at })
      .where('code_hash', '=', codeHash)
      .where('used_at', 'is', null)
      .where('expires_at', '>', at)
      .returning('user_id')
      .executeTakeFirst();
    return row && { userId: row.user_id };
  }

  /** Deletes codes that expired before an instant. */
  async prune(before: number): Promise<number> {
    const result = await this.#db.deleteFrom('sign_in_codes').where('expires_at', '<', before).executeTakeFirst();
    return Number(result.numDeletedRows);
  }
}
