import type { Tariff } from '@wattkeeper/contract/tariff.ts';

/** The cheapest and the most expensive kWh of a site: what colours of prices are measured by, on every page. */
export interface PriceRange {
  readonly least: number;
  readonly greatest: number;
}

export type PriceLevel = 1 | 2 | 3 | 4 | 5;

/** Below this span prices are one price. */
const MIN_SPAN = 1e-9;

/** A price as one of five levels of its site's range; the middle one where there is only one price. */
export function priceLevel(price: number, { least, greatest }: PriceRange): PriceLevel {
  const span = greatest - least;
  if (!(span > MIN_SPAN)) return 3;
  const share = (price - least) / span;
  return (1 + Math.min(4, Math.max(0, Math.floor(5 * share)))) as PriceLevel;
}

/** The range that a tariff itself gives; null for one that follows a market. */
export function tariffRange({ import_price: price }: Pick<Tariff, 'import_price'>): PriceRange | null {
  if (price.type === 'dynamic') return null;
  if (price.type === 'flat') return rangeOf([price.price_per_kwh]);
  return rangeOf(
    (price.type === 'tiered' ? price.tiers : [...price.bands, price.otherwise]).map((one) => one.price_per_kwh),
  );
}

/** The range of some prices; null where there are none. */
export function rangeOf(prices: readonly number[]): PriceRange | null {
  return prices.length === 0 ? null : { least: Math.min(...prices), greatest: Math.max(...prices) };
}
