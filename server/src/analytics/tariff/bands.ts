import { MINUTES_PER_DAY } from '@wattkeeper/contract/durations.ts';
import type { ImportPrice, TariffBand } from '@wattkeeper/contract/tariff.ts';
import type { z } from 'zod';
import type { LocalDay } from '../../domain/time/site-time.ts';

type TimeOfUse = Extract<z.infer<typeof ImportPrice>, { type: 'time_of_use' }>;
type Band = z.infer<typeof TariffBand>;

/** A name and a price for a time range. */
export interface PricedBand {
  readonly name: string;
  readonly pricePerKwh: number;
}

/**
 * The bands of a time-of-use price. The first matching band prices an instant. A band that spans midnight belongs to the day on which it
 * starts: Friday's 22:00–06:00 ends on Saturday morning, whatever Saturday's bands are.
 */
export class BandClock {
  /** Minutes of the day at which a band starts or ends, ascending, with 0 and 1440. */
  readonly boundaries: readonly number[];
  readonly #bands: readonly { band: Band; from: number; to: number; priced: PricedBand }[];
  readonly #otherwise: PricedBand;
  readonly #holidays: ReadonlySet<string>;

  constructor(price: TimeOfUse) {
    this.#bands = price.bands.map((band) => ({
      band,
      from: minutesOf(band.from),
      to: minutesOf(band.to),
      priced: { name: band.name, pricePerKwh: band.price_per_kwh },
    }));
    this.#otherwise = { name: price.otherwise.name, pricePerKwh: price.otherwise.price_per_kwh };
    this.#holidays = new Set(price.holidays);
    const marks = this.#bands.flatMap(({ from, to }) => [from, to]);
    this.boundaries = [...new Set([0, ...marks, MINUTES_PER_DAY])].sort((a, b) => a - b);
  }

  /** The band at a minute of a day; `before` is the previous calendar day. */
  at(day: LocalDay, before: LocalDay, minute: number): PricedBand {
    for (const { band, from, to, priced } of this.#bands) {
      const pastMidnight = to <= from;
      const fits = pastMidnight
        ? (minute >= from && this.#holdsOn(band, day)) || (minute < to && this.#holdsOn(band, before))
        : minute >= from && minute < to && this.#holdsOn(band, day);
      if (fits) return priced;
    }
    return this.#otherwise;
  }

  #holdsOn(band: Band, { day, weekday }: LocalDay): boolean {
    if (band.weekdays !== undefined && !band.weekdays.includes(weekday)) return false;
    if (band.season !== undefined && !inSeason(day.slice(5), band.season)) return false;
    const isHoliday = this.#holidays.has(day);
    return band.holidays === 'include' || isHoliday === (band.holidays === 'only');
  }
}

/** Both days are in the season; a season that starts later in the year than it ends spans the new year. */
function inSeason(monthDay: string, { from, to }: { from: string; to: string }): boolean {
  return from <= to ? monthDay >= from && monthDay <= to : monthDay >= from || monthDay <= to;
}

function minutesOf(clock: string): number {
  return Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3));
}
