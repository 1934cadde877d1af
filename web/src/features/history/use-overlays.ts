import type { Window } from '../../data/period.ts';
import type { PricedInterval } from '../../data/tariff-price.ts';
import { useSite } from '../../site-context.tsx';
import { useSitePrices } from '../../use-site-prices.ts';

/** In a longer window than this the bands of a day are thinner than a pixel. */
const PRICES_SPAN_MOST_MS = 40 * 86_400_000;

/** Prices to draw under a window; none where they could not be told apart. */
export function usePriceOverlayData(window: Window, wanted: boolean): readonly PricedInterval[] {
  const site = useSite();
  return useSitePrices(site, window, wanted && window.end - window.start <= PRICES_SPAN_MOST_MS);
}
