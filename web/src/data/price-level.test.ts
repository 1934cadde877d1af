import { describe, expect, it } from 'vitest';
import { priceLevel, tariffRange } from './price-level.ts';

describe('the level of a price', () => {
  it('depends on the price range of the tariff alone, not on the window in view', () => {
    const range = { min: 0.1, max: 0.4 };
    expect([0.1, 0.2, 0.25, 0.31, 0.4].map((price) => priceLevel(price, range))).toEqual([1, 2, 3, 4, 5]);
    // A market price may be outside the range of the last weeks.
    expect([-0.5, 0.9].map((price) => priceLevel(price, range))).toEqual([1, 5]);
    expect(priceLevel(0.3, { min: 0.3, max: 0.3 })).toBe(3);
  });

  it('is relative to the range of all bands of the tariff, including inactive ones', () => {
    const band = { name: 'night', price_per_kwh: 0.12, from: '22:00', to: '06:00', holidays: 'include' as const };
    const otherwise = { name: 'day', price_per_kwh: 0.34 };
    const price = { type: 'time_of_use' as const, bands: [band], otherwise, holidays: [] };
    expect(tariffRange({ import_price: price })).toEqual({ min: 0.12, max: 0.34 });
    expect(tariffRange({ import_price: { type: 'flat', price_per_kwh: 0.2 } })).toEqual({ min: 0.2, max: 0.2 });
    const market = { type: 'dynamic' as const, markup_per_kwh: 0, factor: 1, fallback_per_kwh: 0.3 };
    expect(tariffRange({ import_price: market })).toBeNull();
  });
});
