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
