import type { TariffTerms } from '@wattkeeper/contract/tariff.ts';
import type { SiteSlots } from '../../analytics/energy/balance.ts';
import { type EnergyCost, priceEnergy, pricingStart } from '../../analytics/tariff/price-energy.ts';
import type { PricedSlots } from '../../analytics/tariff/priced-slots.ts';
import type { Window } from '../../domain/time/window.ts';
import type { Tariffs } from '../../storage/records/analytics/tariffs.ts';
import type { SiteRecord } from '../../storage/records/devices/sites.ts';
import { joined, type SiteFeeds } from './site-feeds.ts';

/** Terms of a site without a tariff if a feed publishes prices: those prices, and 0 where there is none. */
const FEED_TERMS: TariffTerms = {
  name: 'published prices',
  import_price: { type: 'dynamic', markup_per_kwh: 0, factor: 1, fallback_per_kwh: 0 },
  export_price: { type: 'dynamic', markup_per_kwh: 0, factor: 1, fallback_per_kwh: 0 },
  fixed_per_day: 0,
  demand_per_kw_month: 0,
};

/** An amount that fills no tier, to query prices; a power of two, so that division by it is exact. */
const TINY_KWH = 2 ** -30;

export type SiteOfPricing = Pick<SiteRecord, 'id' | 'timezone' | 'tariffId'>;

/** The cost of a site's energy, or the reason why it is unknown. */
export type SiteCost =
  | { readonly cost: EnergyCost; readonly reason: null; readonly warnings: readonly string[] }
  | { readonly cost: null; readonly reason: string; readonly warnings: readonly string[] };

/** Price per kWh by slot, NaN if unknown. */
export interface SlotPrices {
  readonly import: Float64Array;
  readonly export: Float64Array;
  /** Slots priced at the tariff's fallback. */
  readonly isFallback: { readonly import: (slot: number) => boolean; readonly export: (slot: number) => boolean };
  readonly warnings: readonly string[];
}

const never = () => false;
const lacks = (feed: Float64Array | null) => (slot: number) => Number.isNaN(feed?.[slot] ?? Number.NaN);

/** Prices the energy of sites under their own tariff or any other. */
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

  /** Start of the window in which energy must be known to price a window. */
  startFor(terms: TariffTerms | null, site: SiteOfPricing, windowStart: number): number {
    return terms === null ? windowStart : pricingStart(terms, windowStart, site.timezone);
  }

  /**
   * Prices slots of a site.
   * @param terms the site's tariff; null: prices of a feed, if there is one
   * @param window to charge
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
      importKwh: priced.importKwh.map((kwh, s) => kwh + 0 * known[s]!),
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

  /** Prices of imported and exported energy per kWh by slot (first tier), NaN if unknown; null without tariff and feed. */
  async pricesBySlot(site: SiteOfPricing, edges: Float64Array): Promise<SlotPrices | null> {
    const terms = await this.termsOf(site);
    const [importPrice, exportPrice] = await Promise.all([
      this.#feeds.importPrice(site.id, edges),
      this.#feeds.exportPrice(site.id, edges),
    ]);
    if (terms === null) {
      if (importPrice === null) return null;
      return {
        import: importPrice,
        export: exportPrice ?? importPrice.map(() => Number.NaN),
        isFallback: { import: never, export: never },
        warnings: [],
      };
    }
    const [noImport, noExport] = [lacks(importPrice), lacks(exportPrice)];
    const tiny = new Float64Array(edges.length - 1).fill(TINY_KWH);
    const slots = { edges, importKwh: tiny, exportKwh: tiny, importPrice, exportPrice };
    const { costBySlot, revenueBySlot } = priceEnergy(terms, slots, { timeZone: site.timezone });
    return {
      import: costBySlot.map((cost) => cost / TINY_KWH),
      export: revenueBySlot.map((revenue) => revenue / TINY_KWH),
      isFallback: {
        import: terms.import_price.type === 'dynamic' ? noImport : never,
        export: terms.export_price.type === 'dynamic' ? (slot) => noExport(slot) && noImport(slot) : never,
      },
      warnings: fallbackTimeWarnings(terms, importPrice, exportPrice),
    };
  }

  /** Price per imported kWh at an instant, or null; the first tier of a tariff with tiers. */
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
    const needsExport = terms.export_price.type === 'dynamic';
    const needsImport = needsExport || terms.import_price.type === 'dynamic';
    return {
      edges,
      importKwh: imported,
      exportKwh: exported,
      importPrice: needsImport ? await this.#feeds.importPrice(id, edges) : null,
      exportPrice: needsExport ? await this.#feeds.exportPrice(id, edges) : null,
    };
  }
}

/** The share of the time that is priced at a tariff's fallback, if above 1 %. */
function fallbackTimeWarnings(
  { import_price: bought, export_price: sold }: TariffTerms,
  importPrice: Float64Array | null,
  exportPrice: Float64Array | null,
): string[] {
  const warnings: string[] = [];
  const report = (way: string, fallback: number, ...feeds: readonly (Float64Array | null)[]) => {
    const known = feeds.reduce<Float64Array | null>(
      (first, next) => (first && next ? joined(first, next) : (first ?? next)),
      null,
    );
    const share = known === null ? 1 : known.filter((price) => price !== price).length / Math.max(known.length, 1);
    if (share > 0.01)
      warnings.push(
        `no price of ${way} is known for ${Math.ceil(100 * share)} % of the time: the fallback of ${fallback} applies there`,
      );
  };
  if (bought.type === 'dynamic') report('import', bought.fallback_per_kwh, importPrice);
  if (sold.type === 'dynamic') report('export', sold.fallback_per_kwh, exportPrice, importPrice);
  return warnings;
}

function unpricedWarnings(slots: PricedSlots, window: Window): string[] {
  const { importKwh, importPrice, exportKwh, exportPrice } = slots;
  const bought = unpricedKwh(slots.edges, importKwh, importPrice, window);
  const sold = unpricedKwh(slots.edges, exportKwh, exportPrice, window);
  const warning = (kwh: number, way: string, amount: string) =>
    `no price is known for ${kwh.toFixed(2)} kWh of ${way}, and the site has no tariff: ${amount} leaves them out`;
  return [
    ...(bought > 0 ? [warning(bought, 'import', 'cost')] : []),
    ...(sold > 0 ? [warning(sold, 'export', 'revenue')] : []),
  ];
}

function unpricedKwh(edges: Float64Array, energyKwh: Float64Array, price: Float64Array | null, window: Window): number {
  let unpriced = 0;
  for (let s = 0; s < energyKwh.length; s++) {
    const outside = edges[s]! < window.start || edges[s + 1]! > window.end;
    const known = price?.[s] ?? Number.NaN;
    if (!outside && known !== known && energyKwh[s]! > 0) unpriced += energyKwh[s]!;
  }
  return unpriced;
}
