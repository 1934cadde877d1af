import { SECOND_MS } from '@wattkeeper/contract/durations.ts';
import type { Caller } from '../../../http/api.ts';

/** A caller with a valid token. */
export interface TokenHolder {
  readonly caller: Caller;
  /** Epoch milliseconds; null: never. */
  readonly expiresAt: number | null;
}

/** Another process, such as the command line, may revoke a token; this process notices within this time. */
export const TOKEN_CACHE_MS = 5 * SECOND_MS;
export const MAX_CACHED_TOKENS = 1_000;

/** Caches the holders of tokens for a few seconds, so that a client that writes every second does not cause a query each time. */
export class TokenCache {
  readonly #holders = new Map<string, TokenHolder & { readonly knownSince: number }>();
  /** Incremented by each clearing; the result of a lookup that began before it must not be stored after it. */
  #era = 0;

  /** Returns the caller of a token by its hash, from memory or otherwise from `find`; null, which is not cached, for an unknown token. */
  async get(tokenHash: string, nowMs: number, find: () => Promise<TokenHolder | null>): Promise<Caller | null> {
    const known = this.#holders.get(tokenHash);
    if (known !== undefined && isFresh(known, nowMs)) return known.caller;
    const era = this.#era;
    const found = await find();
    if (found === null) {
      this.#holders.delete(tokenHash);
      return null;
    }
    if (era === this.#era) this.#keep(tokenHash, { ...found, knownSince: nowMs });
    return found.caller;
  }

  /** Removes all entries, because rights may have changed. */
  clear(): void {
    this.#era++;
    this.#holders.clear();
  }

  #keep(tokenHash: string, holder: TokenHolder & { readonly knownSince: number }): void {
    this.#holders.delete(tokenHash);
    const [oldest] = this.#holders.keys();
    if (oldest !== undefined && this.#holders.size >= MAX_CACHED_TOKENS) this.#holders.delete(oldest);
    this.#holders.set(tokenHash, holder);
  }
}

function isFresh({ knownSince, expiresAt }: TokenHolder & { readonly knownSince: number }, nowMs: number): boolean {
  const ageMs = nowMs - knownSince;
  return ageMs >= 0 && ageMs < TOKEN_CACHE_MS && (expiresAt === null || nowMs < expiresAt);
}
