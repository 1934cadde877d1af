import type { QueryClient } from '@tanstack/react-query';

const KEYS = ['tariffs', 'sites', 'balance', 'summary', 'sessions', 'compare-tariffs'];

/** Asks again for everything that depends on what a kWh costs. */
export async function refreshMoney(cache: QueryClient): Promise<void> {
  await Promise.all(KEYS.map((key) => cache.invalidateQueries({ queryKey: [key] })));
}
