import { HOUR_MS, MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import type { Weather } from './equipment/weather.ts';
import { hash, hashedNormal } from './random.ts';
import type { CalendarDay, SiteClock } from './site-clock.ts';

/** Terms of a household's dynamic tariff, in the site's currency. */
export interface PriceOptions {
  /** Mean price of the exchange in winter and in summer, per kWh. */
  readonly winterPerKwh: number;
  readonly summerPerKwh: number;
  /** Supplier's margin and energy tax, per kWh before VAT. */
  readonly surchargePerKwh: number;
  readonly vat: number;
  /** Deducted by the supplier from the price of exported energy, per kWh. */
  readonly exportFeePerKwh: number;
  readonly slotMinutes: number;
}

/** Day-ahead prices of one day. */
export interface DayPrices {
  /** Start of each slot, epoch milliseconds. */
  readonly starts: Float64Array;
  readonly importPerKwh: Float64Array;
  readonly exportPerKwh: Float64Array;
  readonly carbonKgPerKwh: Float64Array;
}

const MAX_AGE_DAYS = 8;

/**
 * Day-ahead prices as a European bidding zone has them: a peak in the morning and a higher one in the evening, a dip when the sun
 * shines in the whole bidding zone (below zero on sunny spring and summer weekends), cheap windy days. A day's prices depend on
 * seed and date only.
 */
export class DayAhead {
  readonly #options: PriceOptions;
  readonly #seed: number;
  readonly #clock: SiteClock;
  readonly #weather: Weather;
  readonly #days = new Map<number, DayPrices>();

  constructor(options: PriceOptions, seed: number, clock: SiteClock, weather: Weather) {
    this.#options = options;
    this.#seed = seed;
    this.#clock = clock;
    this.#weather = weather;
  }

  day(number: number): DayPrices {
    let day = this.#days.get(number);
    if (day === undefined) {
      if (this.#days.size >= MAX_AGE_DAYS) this.#days.clear();
      day = this.#make(this.#clock.dayAt(number));
      this.#days.set(number, day);
    }
    return day;
  }

  /** Start of today's slot that contains an instant. */
  slotAt(instant: number): number {
    const slotMs = this.#options.slotMinutes * MINUTE_MS;
    const { start } = this.#clock.day;
    return start + Math.floor((instant - start) / slotMs) * slotMs;
  }

  /** Starts of the cheapest slots between two instants, `hours` long in total. */
  cheapest(from: number, to: number, hours: number): number[] {
    const slots: { start: number; price: number }[] = [];
    const first = Math.floor((from - 14 * HOUR_MS) / (24 * HOUR_MS));
    for (let number = first; number <= Math.floor((to + 14 * HOUR_MS) / (24 * HOUR_MS)); number++) {
      const { starts, importPerKwh } = this.day(number);
      starts.forEach((start, i) => {
        if (start >= from && start < to) slots.push({ start, price: importPerKwh[i]! });
      });
    }
    slots.sort((a, b) => a.price - b.price || a.start - b.start);
    return slots.slice(0, (hours * 60) / this.#options.slotMinutes).map(({ start }) => start);
  }

  #make(day: CalendarDay): DayPrices {
    const { slotMinutes, surchargePerKwh, vat, exportFeePerKwh } = this.#options;
    const slotMs = slotMinutes * MINUTE_MS;
    const count = Math.round((day.end - day.start) / slotMs);
    const starts = Float64Array.from({ length: count }, (_, i) => day.start + i * slotMs);
    const importPerKwh = new Float64Array(count);
    const exportPerKwh = new Float64Array(count);
    const carbonKgPerKwh = new Float64Array(count);
    const season = this.#weather.season(day.start);
    const base = this.#base(day, season);
    const sunny = 1 - 0.75 * this.#weather.coverOf(day.number);
    for (let i = 0; i < count; i++) {
      const hour = ((starts[i]! / HOUR_MS + this.#weather.climate.longitude / 15) % 24) + slotMinutes / 120;
      const shape = shapeOf(clockHour(day, starts[i]!), hour, season, sunny, day.weekday >= 6);
      const spot = base * (shape + 0.045 * hashedNormal(this.#seed, 'price', starts[i]!));
      importPerKwh[i] = rounded((spot + surchargePerKwh) * (1 + vat));
      exportPerKwh[i] = rounded(spot - exportFeePerKwh);
      // Hours with a low price have little fossil generation.
      carbonKgPerKwh[i] = Math.round(1000 * Math.min(0.62, Math.max(0.04, 0.09 + 0.22 * shape))) / 1000;
    }
    return { starts, importPerKwh, exportPerKwh, carbonKgPerKwh };
  }

  #base(day: CalendarDay, season: number): number {
    const { winterPerKwh, summerPerKwh } = this.#options;
    const level = winterPerKwh + ((summerPerKwh - winterPerKwh) * (season + 1)) / 2;
    const market = 0.12 * hashedNormal(hash(this.#seed, 'market'), day.number);
    return level * Math.exp(-0.24 * this.#weather.windOf(day.number) + market) * (day.weekday >= 6 ? 0.85 : 1);
  }
}

function shapeOf(clock: number, solar: number, season: number, sunny: number, isWeekend: boolean): number {
  const bell = (hour: number, centre: number, width: number) => Math.exp(-(((hour - centre) / width) ** 2));
  const dip = (0.5 + 0.42 * season + (isWeekend ? 0.25 : 0)) * sunny;
  return (
    1 +
    (isWeekend ? 0.12 : 0.34) * bell(clock, 8.2, 1.7) +
    0.6 * bell(clock, 19.2, 2.3) -
    0.24 * bell(clock, 3.4, 2.8) -
    1.25 * dip * bell(solar, 12.6, 2.9)
  );
}

/**
 * Hour of the wall clock in the middle of a slot; one hour off after a clock change, on two days a year, which has no visible effect on
 * prices.
 */
function clockHour(day: CalendarDay, start: number): number {
  return (start - day.start) / HOUR_MS + 0.5;
}

function rounded(price: number): number {
  return Math.round(price * 1e5) / 1e5;
}
