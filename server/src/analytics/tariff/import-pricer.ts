import { MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import type { ImportPrice } from '@wattkeeper/contract/tariff.ts';
import type { z } from 'zod';
import { addDays, dayWindow, type LocalDay, type LocalTimes, localTimes } from '../../domain/time/site-time.ts';
import { BandClock } from './bands.ts';
import type { PricedSlots } from './priced-slots.ts';

type Import = z.infer<typeof ImportPrice>;

/** A part of a slot's energy and its price per kWh. */
export interface PricedPart {
  readonly name: string;
  readonly energyKwh: number;
  readonly pricePerKwh: number;
}

/** Prices slots, which must be passed in ascending order. */
export type ImportPricer = (slot: number, energyKwh: number) => readonly PricedPart[];

export function importPricer(price: Import, slots: PricedSlots, clock: LocalTimes, timeZone: string): ImportPricer {
  switch (price.type) {
    case 'flat':
      return (_, energyKwh) => [{ name: 'flat', energyKwh, pricePerKwh: price.price_per_kwh }];
    case 'dynamic':
      return (slot, energyKwh) => {
        const known = slots.importPrice?.[slot] ?? Number.NaN;
        return known === known
          ? [{ name: 'dynamic', energyKwh, pricePerKwh: known * price.factor + price.markup_per_kwh }]
          : [{ name: 'fallback', energyKwh, pricePerKwh: price.fallback_per_kwh }];
      };
    case 'time_of_use':
      return timeOfUsePricer(new BandClock(price), slots.edges, clock, timeZone);
    case 'tiered':
      return tieredPricer(price, clock);
  }
}

/** A slot that contains the edge of a band is split in proportion to time. */
function timeOfUsePricer(bands: BandClock, edges: Float64Array, clock: LocalTimes, timeZone: string): ImportPricer {
  const dayBefore = new Map<string, LocalDay>();
  const before = (day: LocalDay): LocalDay => {
    const known = dayBefore.get(day.day);
    if (known !== undefined) return known;
    const found = localTimes(Float64Array.of(dayWindow(addDays(day.day, -1), timeZone).start), timeZone).days[0]!;
    dayBefore.set(day.day, found);
    return found;
  };
  return (slot, energyKwh) => {
    const day = clock.days[clock.dayIndex[slot]!]!;
    const start = clock.minuteOfDay[slot]!;
    const minutes = (edges[slot + 1]! - edges[slot]!) / MINUTE_MS;
    const parts: PricedPart[] = [];
    for (let from = start; from < start + minutes; ) {
      const to = Math.min(bands.boundaries.find((mark) => mark > from) ?? Number.POSITIVE_INFINITY, start + minutes);
      const { name, pricePerKwh } = bands.at(day, before(day), from);
      parts.push({ name, energyKwh: energyKwh * ((to - from) / minutes), pricePerKwh });
      from = to;
    }
    return parts;
  };
}

/** The energy of each period fills the tiers from the lowest; a slot that completes a tier is split between it and the next. */
function tieredPricer(price: Extract<Import, { type: 'tiered' }>, clock: LocalTimes): ImportPricer {
  const tiers = price.tiers
    .map((tier) => ({ limit: tier.up_to_kwh ?? Number.POSITIVE_INFINITY, pricePerKwh: tier.price_per_kwh }))
    .sort((a, b) => a.limit - b.limit);
  const last = tiers.length - 1;
  let period = '';
  let used = 0;
  return (slot, energyKwh) => {
    const { day } = clock.days[clock.dayIndex[slot]!]!;
    const current = price.period === 'day' ? day : day.slice(0, 7);
    if (current !== period) used = 0;
    period = current;
    const parts: PricedPart[] = [];
    for (let left = energyKwh; left > 0; ) {
      const t = Math.max(
        0,
        tiers.findIndex((tier) => used < tier.limit),
      );
      const index = used < tiers[t]!.limit ? t : last;
      const tier = tiers[index]!;
      const fits = index === last ? left : Math.min(left, tier.limit - used);
      parts.push({ name: `tier ${index + 1}`, energyKwh: fits, pricePerKwh: tier.pricePerKwh });
      used += fits;
      left -= fits;
    }
    return parts;
  };
}
