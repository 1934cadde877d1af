import { useQuery } from '@tanstack/react-query';
import type { Site } from '@wattkeeper/contract/site.ts';
import type { Tariff } from '@wattkeeper/contract/tariff.ts';
import type { TelemetryAnswer } from '@wattkeeper/contract/telemetry.ts';
import { useMemo } from 'react';
import { useQueries } from './app-context.tsx';
import type { Window } from './data/period.ts';
import { clockPrices, type PricedInterval } from './data/tariff-price.ts';

const PRICE_METRIC = 'price.import_per_kwh';
/** A price holds until the next one, but no longer than this. */
const PRICE_HOLDS_MS = 3_600_000;

/** What a kWh costs on a site over a window, as far as it is known: by the tariff's clock, or from the price feed. */
export function useSitePrices(site: Site, window: Window, enabled = true): readonly PricedInterval[] {
  const queries = useQueries();
  const tariffs = useQuery({ ...queries.tariffs(), enabled });
  const tariff = tariffs.data?.find(({ id }) => id === site.tariff_id);
  const byClock = tariff?.import_price.type === 'flat' || tariff?.import_price.type === 'time_of_use';
  const feed = useQuery({
    ...queries.telemetry({ siteId: site.id, metrics: [PRICE_METRIC], ...window, bucket: 'raw', pointsMax: 5000 }),
    enabled: enabled && tariffs.isSuccess && !byClock,
  });
  return useMemo(() => {
    if (!enabled) return [];
    if (tariff && byClock) return clockPrices(tariff, window, site.timezone);
    return feed.data ? feedPrices(feed.data, window, tariff) : [];
  }, [enabled, tariff, byClock, feed.data, window, site.timezone]);
}

function feedPrices(answer: TelemetryAnswer, window: Window, tariff: Tariff | undefined): PricedInterval[] {
  const series = answer.series[0];
  const terms = tariff?.import_price.type === 'dynamic' ? tariff.import_price : { factor: 1, markup_per_kwh: 0 };
  const times = (series?.timestamps ?? []).map((timestamp) => Date.parse(timestamp));
  return times.flatMap((start, i) => {
    const value = (series?.value ?? series?.mean)?.[i];
    if (value === null || value === undefined) return [];
    const end = Math.min(times[i + 1] ?? Number.POSITIVE_INFINITY, start + PRICE_HOLDS_MS, window.end);
    return [{ start, end, price: value * terms.factor + terms.markup_per_kwh }];
  });
}
