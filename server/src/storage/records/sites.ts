/** A place with a time zone, a currency, a location and a tariff. Instants are epoch milliseconds. */
export interface SiteRecord {
  readonly id: string;
  readonly name: string;
  /** IANA time zone. */
  readonly timezone: string;
  /** ISO 4217 code. */
  readonly currency: string;
  readonly latitude: number | null;
  readonly longitude: number | null;
  /** ISO 3166 code. */
  readonly country: string | null;
  readonly emissionFactorKgPerKwh: number;
  /** Devices that register themselves join this site; at most one site is the default. */
  readonly isDefault: boolean;
  readonly isDemo: boolean;
  readonly tariffId: string | null;
  readonly createdAt: number;
}

/** Everything but the name may be left out: UTC, EUR, no location, no tariff. */
export type SiteInput = Pick<SiteRecord, 'name'> & SitePatch & { readonly isDemo?: boolean | undefined };

export type SitePatch = {
  readonly [K in keyof Omit<SiteRecord, 'id' | 'createdAt' | 'isDemo' | 'isDefault'>]?: SiteRecord[K] | undefined;
} & {
  /** Makes this the default site in place of the one before. */
  readonly isDefault?: true | undefined;
};

export interface Sites {
  /** All sites by name. */
  list(): Promise<SiteRecord[]>;
  /** By id, or by its unique name. */
  find(idOrName: string): Promise<SiteRecord | undefined>;
  /** As `find`; throws NotFound with the names that are known. */
  require(idOrName: string): Promise<SiteRecord>;
  /** The site that devices join by themselves. */
  default(): Promise<SiteRecord | undefined>;
  /** The default site; creates 'Home' when there is no site, and makes the oldest one the default when none is. */
  ensureDefault(): Promise<SiteRecord>;
  /** The first site is the default. Throws Conflict when the name is taken, InvalidInput when the tariff is unknown. */
  create(site: SiteInput): Promise<SiteRecord>;
  /** Changes the given fields. Throws NotFound, Conflict when the name is taken, InvalidInput when the tariff is unknown. */
  update(id: string, patch: SitePatch): Promise<SiteRecord>;
  /** Throws NotFound, or Conflict while devices belong to the site. Its reports go with it. */
  remove(id: string): Promise<void>;
}
