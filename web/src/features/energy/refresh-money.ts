import type { QueryClient } from '@tanstack/react-query';

const KEYS = ['tariffs', 'sites', 'balance', 'summary', 'sessions', 'compare-tariffs'];

/** Refetches every query that depends on the price of a kWh. */
export async function refreshMoney(cache: QueryClient): Promise<void> {
  await Promise.all(KEYS.map((key) => cache.invalidateQueries({ queryKey: [key] })));
}
