import { ImportPrice, type Tariff } from '@wattkeeper/contract/tariff.ts';
import { describe, expect, it } from 'vitest';
import { periodOf } from './period.ts';
import { bandAt, clockPrices } from './tariff-price.ts';

const ZONE = 'Europe/Warsaw';
const price = ImportPrice.parse({
  type: 'time_of_use',
  bands: [
    { name: 'holiday', price_per_kwh: 0.1, holidays: 'only' },
    { name: 'night', price_per_kwh: 0.3, from: '22:00', to: '06:00', weekdays: [1, 2, 3, 4, 5] },
    { name: 'winter evening', price_per_kwh: 1.2, from: '17:00', to: '20:00', season: { from: '11-01', to: '02-28' } },
  ],
  otherwise: { name: 'day', price_per_kwh: 0.8 },
  holidays: ['2026-12-25'],
});
if (price.type !== 'time_of_use') throw new Error('the fixture is a time-of-use price');
const tariff = { import_price: price } as Tariff;
const band = (local: string) => bandAt(price, Date.parse(local), ZONE).name;

describe('bandAt', () => {
  it('takes the first matching band by clock time, weekday, season and holiday', () => {
    expect(band('2026-06-22T12:00:00+02:00')).toBe('day');
    expect(band('2026-06-22T23:00:00+02:00')).toBe('night');
    expect(band('2026-06-22T18:00:00+02:00')).toBe('day');
    expect(band('2026-11-23T18:00:00+01:00')).toBe('winter evening');
    expect(band('2026-12-25T18:00:00+01:00')).toBe('holiday');
  });

  it('assigns a band past midnight to the day on which it began', () => {
    expect(band('2026-06-27T03:00:00+02:00')).toBe('night'); // Saturday morning, Friday's night
    expect(band('2026-06-29T03:00:00+02:00')).toBe('day'); // Monday morning, Sunday's night
  });
});

describe('clockPrices', () => {
  it('joins equal neighbours and covers the window', () => {
    const day = periodOf('day', '2026-03-29', ZONE);
    const prices = clockPrices(tariff, day, ZONE);
    expect(prices.map(({ price: value }) => value)).toEqual([0.8]);
    expect([prices[0]!.start, prices.at(-1)!.end]).toEqual([day.start, day.end]);
    const tuesday = clockPrices(tariff, periodOf('day', '2026-11-24', ZONE), ZONE);
    expect(tuesday.map(({ price: value }) => value)).toEqual([0.3, 0.8, 1.2, 0.8, 0.3]);
  });

  it('is empty for prices that do not depend on the clock', () => {
    const dynamic = { import_price: { type: 'dynamic', markup_per_kwh: 0, factor: 1, fallback_per_kwh: 1 } } as Tariff;
    expect(clockPrices(dynamic, { start: 0, end: 1e6 }, ZONE)).toEqual([]);
  });
});
