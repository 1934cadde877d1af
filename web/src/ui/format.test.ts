import { describe, expect, it } from 'vitest';
import { Formatter, plain } from './format.ts';

const warsaw = new Formatter({ language: 'en', timeZone: 'Europe/Warsaw', currency: 'PLN' });
const german = new Formatter({ language: 'de', timeZone: 'Europe/Berlin', currency: 'EUR' });

describe('Formatter', () => {
  it.each([
    [0, '0 kW'],
    [0.398, '398 W'],
    [0.9994, '999 W'],
    [0.9996, '1.00 kW'],
    [-3.456, '-3.46 kW'],
    [42.51, '42.5 kW'],
    [420.2, '420 kW'],
    [1234.5, '1.23 MW'],
  ])('writes %d kW as %s', (kw, text) => {
    expect(plain(warsaw.power(kw))).toBe(text);
  });

  it.each([
    [0, '0.00 kWh'],
    [0.05, '50 Wh'],
    [2.71428, '2.71 kWh'],
    [31.449, '31.4 kWh'],
    [1234.5, '1.23 MWh'],
    [56_789, '56.8 MWh'],
    [2_500_000, '2.50 GWh'],
  ])('writes %d kWh as %s', (kwh, text) => {
    expect(plain(warsaw.energy(kwh))).toBe(text);
  });

  it.each([
    [0, '0'],
    [0.532608695, '0.5326'],
    [-12.3456, '-12.35'],
    [999.96, '1,000'],
    [244_821.4, '244,821'],
    [0.0000123456, '1.235E-5'],
    [6.02e23, '6.02E23'],
  ])('writes a figure of %d as %s', (value, text) => {
    expect(warsaw.figure(value)).toBe(text);
  });

  it('never formats a missing value as zero', () => {
    expect([plain(warsaw.power(null)), plain(warsaw.energy(undefined)), warsaw.money(Number.NaN)]).toEqual([
      '–',
      '–',
      '–',
    ]);
  });

  it('never formats zero with a minus sign', () => {
    expect(warsaw.number(-0.04, 1)).toBe('0.0');
    expect(warsaw.money(-0.001)).toBe('PLN\u00a00.00');
  });

  it('formats money with the decimal places of its currency', () => {
    const korean = new Formatter({ language: 'en', timeZone: 'Asia/Seoul', currency: 'KRW' });
    expect([korean.money(1234), korean.price(131.5)]).toEqual(['₩1,234', '₩131.5/kWh']);
  });

  it('uses the language for numbers and the site for its currency', () => {
    expect(german.money(1234.5)).toBe('1.234,50\u00a0€');
    expect(german.price(0.3123)).toBe('0,3123\u00a0€/kWh');
    expect(plain(german.measured(0.4455, '¤/kWh'))).toBe('0,4455 EUR/kWh');
  });

  it("shows times in the site's time zone, not the user's", () => {
    expect(warsaw.clock(Date.parse('2026-03-29T00:30:00Z'))).toBe('01:30');
    expect(warsaw.clock(Date.parse('2026-03-29T01:30:00Z'))).toBe('03:30');
  });

  it('formats durations and relative times', () => {
    expect(warsaw.duration(45_000)).toBe('45 s');
    expect(warsaw.duration(300_000)).toBe('5 min');
    expect(warsaw.duration(86_400_000)).toBe('1 d');
    expect(warsaw.duration(7_500_000)).toBe('2 h 5 min');
    expect(warsaw.duration(100 * 3_600_000)).toBe('4 d 4 h');
    expect(warsaw.ago(5000)).toBe('5 seconds ago');
    expect(warsaw.ago(7_200_000)).toBe('2 hours ago');
  });

  it('scales bytes in steps of a thousand', () => {
    expect(plain(warsaw.bytes(0))).toBe('0 B');
    expect(plain(warsaw.bytes(48_234_496))).toBe('48.2 MB');
  });
});
