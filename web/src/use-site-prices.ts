import { useQuery } from '@tanstack/react-query';
import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import type { Site } from '@wattkeeper/contract/site.ts';
import type { Tariff } from '@wattkeeper/contract/tariff.ts';
import type { TelemetryAnswer } from '@wattkeeper/contract/telemetry.ts';
import { useMemo } from 'react';
import { useQueries } from './app-context.tsx';
import { dayWindow, shiftInstant, type Window } from './data/period.ts';
import { type PriceRange, rangeOf, tariffRange } from './data/price-level.ts';
import { clockPrices, type PricedInterval } from './data/tariff-price.ts';
import { useNow } from './ui/hooks/use-now.ts';

const PRICE_METRIC = 'price.import_per_kwh';
/** A price applies until the next one, for at most this time. */
const PRICE_HOLDS_MS = HOUR_MS;

/** Days of published prices that determine the price range of a dynamic tariff. */
const RANGE_DAYS = 30;

export interface SitePrices {
  readonly prices: readonly PricedInterval[];
  /** The range of the price colours, equal for every window. Null without known prices. */
  readonly range: PriceRange | null;
}

/** The known prices of a kWh at a site over a window: from the tariff's bands, or from the price feed. */
export function useSitePrices(site: Site, window: Window, enabled = true): SitePrices {
  const queries = useQueries();
  const tariffs = useQuery({ ...queries.tariffs(), enabled });
  const tariff = tariffs.data?.find(({ id }) => id === site.tariff_id);
  const byClock = tariff?.import_price.type === 'flat' || tariff?.import_price.type === 'time_of_use';
  const fed = enabled && tariffs.isSuccess && !byClock;
  const feed = useQuery({
    ...queries.telemetry({ siteId: site.id, metrics: [PRICE_METRIC], ...window, bucket: 'raw', pointsMax: 5000 }),
    enabled: fed,
  });
  const market = useMarketRange(site, tariff, fed);
  return useMemo(() => {
    if (!enabled) return { prices: [], range: null };
    if (tariff && byClock) return { prices: clockPrices(tariff, window, site.timezone), range: tariffRange(tariff) };
    return {
      prices: feed.data ? feedPrices(feed.data, window, tariff) : [],
      range: (tariff && tariffRange(tariff)) ?? market,
    };
  }, [enabled, tariff, byClock, feed.data, window, site.timezone, market]);
}

/** The range of the published prices of the last weeks and of tomorrow. */
function useMarketRange(site: Site, tariff: Tariff | undefined, enabled: boolean): PriceRange | null {
  const { start, end } = dayWindow(useNow(HOUR_MS), site.timezone);
  const days = useQuery({
    ...useQueries().telemetry({
      siteId: site.id,
      metrics: [PRICE_METRIC],
      start: shiftInstant(start, site.timezone, { days: -RANGE_DAYS }),
      end: shiftInstant(end, site.timezone, { days: 1 }),
      bucket: '1d',
      aggregate: ['min', 'max'],
    }),
    enabled,
  });
  return useMemo(() => {
    const { min = [], max = [] } = days.data?.series[0] ?? {};
    const terms = termsOf(tariff);
    const known = [...(min ?? []), ...(max ?? [])].flatMap((value) => (value === null ? [] : priced(value, terms)));
    return rangeOf(known);
  }, [days.data, tariff]);
}

interface Terms {
  readonly factor: number;
  readonly markup_per_kwh: number;
}

function termsOf(tariff: Tariff | undefined): Terms {
  return tariff?.import_price.type === 'dynamic' ? tariff.import_price : { factor: 1, markup_per_kwh: 0 };
}

function priced(published: number, { factor, markup_per_kwh: markup }: Terms): number {
  return published * factor + markup;
}

function feedPrices(answer: TelemetryAnswer, window: Window, tariff: Tariff | undefined): PricedInterval[] {
  const series = answer.series[0];
  const terms = termsOf(tariff);
  const times = (series?.timestamps ?? []).map((timestamp) => Date.parse(timestamp));
  return times.flatMap((start, i) => {
    const value = (series?.value ?? series?.mean)?.[i];
    if (value === null || value === undefined) return [];
    const end = Math.min(times[i + 1] ?? Number.POSITIVE_INFINITY, start + PRICE_HOLDS_MS, window.end);
    return [{ start, end, price: priced(value, terms) }];
  });
}
