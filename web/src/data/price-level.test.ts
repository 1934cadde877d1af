import { describe, expect, it } from 'vitest';
import { priceLevel, tariffRange } from './price-level.ts';

describe('the level of a price', () => {
  it('follows from the range of the tariff alone, whatever else is in view', () => {
    const range = { least: 0.1, greatest: 0.4 };
    expect([0.1, 0.2, 0.25, 0.31, 0.4].map((price) => priceLevel(price, range))).toEqual([1, 2, 3, 4, 5]);
    // A market may leave the range of the last weeks.
    expect([-0.5, 0.9].map((price) => priceLevel(price, range))).toEqual([1, 5]);
    expect(priceLevel(0.3, { least: 0.3, greatest: 0.3 })).toBe(3);
  });

  it('has its range from every band of the tariff, also those that are not in force', () => {
    const band = { name: 'night', price_per_kwh: 0.12, from: '22:00', to: '06:00', holidays: 'include' as const };
    const otherwise = { name: 'day', price_per_kwh: 0.34 };
    const price = { type: 'time_of_use' as const, bands: [band], otherwise, holidays: [] };
    expect(tariffRange({ import_price: price })).toEqual({ least: 0.12, greatest: 0.34 });
    expect(tariffRange({ import_price: { type: 'flat', price_per_kwh: 0.2 } })).toEqual({ least: 0.2, greatest: 0.2 });
    const market = { type: 'dynamic' as const, markup_per_kwh: 0, factor: 1, fallback_per_kwh: 0.3 };
    expect(tariffRange({ import_price: market })).toBeNull();
  });
});
