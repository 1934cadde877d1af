import type { Tariff } from '@wattkeeper/contract/tariff.ts';

/** The lowest and the highest price of a kWh at a site: the range of the price colours on every page. */
export interface PriceRange {
  readonly min: number;
  readonly max: number;
}

export type PriceLevel = 1 | 2 | 3 | 4 | 5;

/** Prices within a smaller range count as equal. */
const MIN_SPAN = 1e-9;

/** Level of a price, one of five within the site's range; the middle one where all prices are equal. */
export function priceLevel(price: number, { min, max }: PriceRange): PriceLevel {
  const span = max - min;
  if (!(span > MIN_SPAN)) return 3;
  const share = (price - min) / span;
  return (1 + Math.min(4, Math.max(0, Math.floor(5 * share)))) as PriceLevel;
}

/** The price range of a tariff; null for a dynamic tariff. */
export function tariffRange({ import_price: price }: Pick<Tariff, 'import_price'>): PriceRange | null {
  if (price.type === 'dynamic') return null;
  if (price.type === 'flat') return rangeOf([price.price_per_kwh]);
  return rangeOf(
    (price.type === 'tiered' ? price.tiers : [...price.bands, price.otherwise]).map((one) => one.price_per_kwh),
  );
}

/** The range of prices; null without prices. */
export function rangeOf(prices: readonly number[]): PriceRange | null {
  return prices.length === 0 ? null : { min: Math.min(...prices), max: Math.max(...prices) };
}
