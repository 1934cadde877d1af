import type { Scope } from '@wattkeeper/contract/auth.ts';

/** A key for programs, stored as its hash. Instants are epoch milliseconds. */
export interface ApiTokenRecord {
  readonly id: string;
  readonly name: string;
  readonly tokenHash: string;
  readonly scopes: readonly Scope[];
  /** Who made it; null when it came from the command line. */
  readonly userId: string | null;
  readonly createdAt: number;
  readonly expiresAt: number | null;
  readonly lastUsedAt: number | null;
}

export interface ApiTokens {
  /** By name. */
  list(): Promise<ApiTokenRecord[]>;
  find(id: string): Promise<ApiTokenRecord | undefined>;
  findByName(name: string): Promise<ApiTokenRecord | undefined>;
  findByHash(tokenHash: string): Promise<ApiTokenRecord | undefined>;
  /** Throws Conflict when the name is taken. */
  create(token: Omit<ApiTokenRecord, 'id' | 'createdAt' | 'lastUsedAt'>): Promise<ApiTokenRecord>;
  touch(id: string, lastUsedAt: number): Promise<void>;
  /** Throws NotFound. */
  remove(id: string): Promise<void>;
}
