import type { TariffTerms } from '@wattkeeper/contract/tariff.ts';
import type { SiteSlots } from '../../analytics/energy/balance.ts';
import { type EnergyCost, priceEnergy, pricingStart } from '../../analytics/tariff/price-energy.ts';
import type { PricedSlots } from '../../analytics/tariff/priced-slots.ts';
import type { Window } from '../../domain/window.ts';
import type { SiteRecord } from '../../storage/records/sites.ts';
import type { Tariffs } from '../../storage/records/tariffs.ts';
import type { SiteFeeds } from './site-feeds.ts';

/** What a site without a tariff pays where a feed publishes prices for it: those prices, and nothing where there is none. */
const FEED_TERMS: TariffTerms = {
  name: 'published prices',
  import_price: { type: 'dynamic', markup_per_kwh: 0, factor: 1, fallback_per_kwh: 0 },
  export_price: { type: 'dynamic', markup_per_kwh: 0, factor: 1, fallback_per_kwh: 0 },
  fixed_per_day: 0,
  demand_per_kw_month: 0,
};

/** An amount that fills no tier, to ask for prices; a power of two, so that dividing by it is exact. */
const TINY_KWH = 2 ** -30;

export type SiteOfPricing = Pick<SiteRecord, 'id' | 'timezone' | 'tariffId'>;

/** What a site's energy costs, or why that is not known. */
export type SiteCost =
  | { readonly cost: EnergyCost; readonly reason: null; readonly warnings: readonly string[] }
  | { readonly cost: null; readonly reason: string; readonly warnings: readonly string[] };

/** Prices the energy of sites under their own tariff, or under any. */
export class SitePricing {
  readonly #tariffs: Pick<Tariffs, 'find'>;
  readonly #feeds: SiteFeeds;

  constructor(tariffs: Pick<Tariffs, 'find'>, feeds: SiteFeeds) {
    this.#tariffs = tariffs;
    this.#feeds = feeds;
  }

  /** The site's tariff, or null when it has none. */
  async termsOf(site: SiteOfPricing): Promise<TariffTerms | null> {
    return site.tariffId === null ? null : ((await this.#tariffs.find(site.tariffId))?.terms ?? null);
  }

  /** From where on energy must be known to price a window. */
  startFor(terms: TariffTerms | null, site: SiteOfPricing, windowStart: number): number {
    return terms === null ? windowStart : pricingStart(terms, windowStart, site.timezone);
  }

  /**
   * Prices slots of a site.
   * @param terms the site's tariff; null: prices that a feed publishes, if there is any
   * @param window what is charged
   */
  async price(terms: TariffTerms | null, site: SiteOfPricing, slots: SiteSlots, window: Window): Promise<SiteCost> {
    if (terms !== null) return { ...(await this.priceWith(terms, site, slots, window)), reason: null };
    const priced = await this.#pricedSlots(FEED_TERMS, site, slots);
    const known = priced.importPrice;
    if (known === null) {
      return {
        cost: null,
        reason: 'cost is unknown: the site has no tariff, and no device publishes price.import_per_kwh',
        warnings: [],
      };
    }
    const onlyKnown = {
      ...priced,
      importKwh: priced.importKwh.map((kwh, s) => kwh + 0 * (known[s] as number)),
      exportKwh: priced.exportKwh.map((kwh, s) => kwh + 0 * (priced.exportPrice?.[s] ?? Number.NaN)),
    };
    const cost = priceEnergy(FEED_TERMS, onlyKnown, { timeZone: site.timezone, window });
    return { cost, reason: null, warnings: unpricedWarnings(priced, window) };
  }

  /** Prices slots of a site under any tariff. */
  async priceWith(
    terms: TariffTerms,
    site: SiteOfPricing,
    slots: SiteSlots,
    window: Window,
  ): Promise<{ readonly cost: EnergyCost; readonly warnings: readonly string[] }> {
    const options = { timeZone: site.timezone, window, asOf: slots.asOf };
    const cost = priceEnergy(terms, await this.#pricedSlots(terms, site, slots), options);
    return { cost, warnings: cost.warnings };
  }

  /** What a bought and a sold kWh costs by slot (of tiers the first), NaN where not known; null without tariff and feed. */
  async pricesBySlot(
    site: SiteOfPricing,
    edges: Float64Array,
  ): Promise<{ readonly import: Float64Array; readonly export: Float64Array } | null> {
    const terms = await this.termsOf(site);
    const [importPrice, exportPrice] = await Promise.all([
      this.#feeds.importPrice(site.id, edges),
      this.#feeds.exportPrice(site.id, edges),
    ]);
    if (terms === null) {
      if (importPrice === null) return null;
      return { import: importPrice, export: exportPrice ?? importPrice.map(() => Number.NaN) };
    }
    const tiny = new Float64Array(edges.length - 1).fill(TINY_KWH);
    const slots = { edges, importKwh: tiny, exportKwh: tiny, importPrice, exportPrice };
    const { costBySlot, revenueBySlot } = priceEnergy(terms, slots, { timeZone: site.timezone });
    return {
      import: costBySlot.map((cost) => cost / TINY_KWH),
      export: revenueBySlot.map((revenue) => revenue / TINY_KWH),
    };
  }

  /** What a kWh bought at an instant costs, or null; of a tariff with tiers, the first tier. */
  async priceAt(site: SiteOfPricing, instant: number): Promise<number | null> {
    const terms = await this.termsOf(site);
    const edges = Float64Array.of(instant, instant + 1);
    const importPrice = await this.#feeds.importPrice(site.id, edges);
    const isKnown = terms !== null || (importPrice?.[0] ?? Number.NaN) === importPrice?.[0];
    if (!isKnown) return null;
    const slots = {
      edges,
      importKwh: Float64Array.of(1),
      exportKwh: Float64Array.of(0),
      importPrice,
      exportPrice: null,
    };
    return priceEnergy(terms ?? FEED_TERMS, slots, { timeZone: site.timezone }).cost;
  }

  async #pricedSlots(terms: TariffTerms, { id }: SiteOfPricing, slots: SiteSlots): Promise<PricedSlots> {
    const { edges, imported, exported } = slots;
    const needsImport = terms.import_price.type === 'dynamic';
    const needsExport = terms.export_price.type === 'dynamic';
    return {
      edges,
      importKwh: imported,
      exportKwh: exported,
      importPrice: needsImport ? await this.#feeds.importPrice(id, edges) : null,
      exportPrice: needsExport ? await this.#feeds.exportPrice(id, edges) : null,
    };
  }
}

function unpricedWarnings({ edges, importKwh, importPrice }: PricedSlots, window: Window): string[] {
  let unpriced = 0;
  for (let s = 0; s < importKwh.length; s++) {
    const outside = (edges[s] as number) < window.start || (edges[s + 1] as number) > window.end;
    if (outside || importPrice?.[s] === importPrice?.[s]) continue;
    const kwh = importKwh[s] as number;
    if (kwh > 0) unpriced += kwh;
  }
  return unpriced > 0
    ? [`no price is known for ${unpriced.toFixed(2)} kWh of import, and the site has no tariff: cost leaves them out`]
    : [];
}
