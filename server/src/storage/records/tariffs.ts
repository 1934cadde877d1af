import type { TariffTerms } from '@wattkeeper/contract/tariff.ts';

/** How a kWh is priced. Instants are epoch milliseconds. */
export interface TariffRecord {
  readonly id: string;
  readonly terms: TariffTerms;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface Tariffs {
  /** By name. */
  list(): Promise<TariffRecord[]>;
  /** By id, or by its unique name. */
  find(idOrName: string): Promise<TariffRecord | undefined>;
  /** As `find`; throws NotFound with the names that are known. */
  require(idOrName: string): Promise<TariffRecord>;
  /** Throws Conflict when the name is taken. */
  create(terms: TariffTerms): Promise<TariffRecord>;
  /** Replaces the given terms. Throws NotFound, or Conflict when the name is taken. */
  update(id: string, terms: { readonly [K in keyof TariffTerms]?: TariffTerms[K] | undefined }): Promise<TariffRecord>;
  /** Throws NotFound, or Conflict while a site uses it. */
  remove(id: string): Promise<void>;
}
