import type { TariffTerms } from '@wattkeeper/contract/tariff.ts';
import { dayWindow, type LocalTimes, localTimes } from '../../domain/time/site-time.ts';
import type { Window } from '../../domain/time/window.ts';
import { demandCharge } from './demand.ts';
import { importPricer } from './import-pricer.ts';
import type { PricedSlots } from './priced-slots.ts';

export interface PricingOptions {
  readonly timeZone: string;
  /** The charged window; slots before it only fill the tiers of the day or month. Its edges must be edges of slots. Default: all slots. */
  readonly window?: Window;
  /** Fixed charges accrue up to this instant: now, so that the current day costs only its elapsed part. Default: all of the window. */
  readonly asOf?: number;
}

/** Money in the site's currency. */
export interface EnergyCost {
  /** Cost of imported energy, without fixed and demand charges. */
  readonly cost: number;
  /** Credit for exported energy. */
  readonly revenue: number;
  /** Fixed charges of the days with known energy. */
  readonly fixedCost: number;
  readonly demandCost: number;
  /** cost + fixedCost + demandCost − revenue */
  readonly total: number;
  /** Import by band, in order of first occurrence. */
  readonly bands: readonly BandCost[];
  /** By slot; 0 outside the window and for unknown energy. */
  readonly costBySlot: Float64Array;
  readonly revenueBySlot: Float64Array;
  readonly fixedBySlot: Float64Array;
  readonly warnings: readonly string[];
}

export interface BandCost {
  readonly band: string;
  readonly energyKwh: number;
  readonly cost: number;
}

/** Computes the cost of energy under a tariff, by the clock and calendar of the site. */
export function priceEnergy(terms: TariffTerms, slots: PricedSlots, options: PricingOptions): EnergyCost {
  const { edges } = slots;
  const count = Math.max(edges.length - 1, 0);
  const window = options.window ?? { start: edges[0] ?? 0, end: edges[count] ?? 0 };
  const asOf = options.asOf ?? Number.POSITIVE_INFINITY;
  const clock = localTimes(edges.subarray(0, count), options.timeZone);
  const pricer = importPricer(terms.import_price, slots, clock, options.timeZone);
  const costBySlot = new Float64Array(count);
  const revenueBySlot = new Float64Array(count);
  const bands = new Map<string, { band: string; energyKwh: number; cost: number }>();
  const exportPrice = exportPrices(terms, slots);
  let soldKwh = 0;
  let soldByFallbackKwh = 0;
  const fixedBySlot = new Float64Array(count);
  const hasData = daysWithData(clock, slots, window);
  for (let s = 0; s < count; s++) {
    const charged = edges[s]! >= window.start && edges[s + 1]! <= window.end;
    if (charged && hasData[clock.dayIndex[s]!] === 1)
      fixedBySlot[s] = terms.fixed_per_day * shareOfDay(clock, edges, s) * elapsedShare(edges, s, asOf);
    const bought = slots.importKwh[s]!;
    if (bought === bought) {
      for (const { name, energyKwh, pricePerKwh } of pricer(s, bought)) {
        if (!charged) continue;
        const band = bands.get(name) ?? { band: name, energyKwh: 0, cost: 0 };
        bands.set(name, band);
        band.energyKwh += energyKwh;
        band.cost += energyKwh * pricePerKwh;
        costBySlot[s] = costBySlot[s]! + energyKwh * pricePerKwh;
      }
    }
    const sold = slots.exportKwh[s]!;
    if (!charged || sold !== sold) continue;
    revenueBySlot[s] = sold * exportPrice.perKwh[s]!;
    soldKwh += sold;
    if (exportPrice.isFallback[s] === 1) soldByFallbackKwh += sold;
  }
  const cost = sum(costBySlot);
  const revenue = sum(revenueBySlot);
  const fixedCost = sum(fixedBySlot);
  const demandCost = demandCharge(terms.demand_per_kw_month, slots, window, options.timeZone);
  return {
    cost,
    revenue,
    fixedCost,
    demandCost,
    total: cost + fixedCost + demandCost - revenue,
    bands: [...bands.values()],
    costBySlot,
    revenueBySlot,
    fixedBySlot,
    warnings: fallbackWarnings(terms, bands, { soldKwh, soldByFallbackKwh }),
  };
}

/** 1 for each day with known energy in the window: fixed charges without energy would make a period look expensive. */
function daysWithData(clock: LocalTimes, { edges, importKwh, exportKwh }: PricedSlots, window: Window): Uint8Array {
  const days = new Uint8Array(clock.days.length);
  for (let s = 0; s < importKwh.length; s++) {
    const isCharged = edges[s]! >= window.start && edges[s + 1]! <= window.end;
    const isKnown = !Number.isNaN(importKwh[s]) || !Number.isNaN(exportKwh[s]);
    if (isCharged && isKnown) days[clock.dayIndex[s]!] = 1;
  }
  return days;
}

function elapsedShare(edges: Float64Array, slot: number, asOf: number): number {
  const [start, end] = [edges[slot]!, edges[slot + 1]!];
  return Math.min(Math.max((asOf - start) / (end - start), 0), 1);
}

/** The instant at which pricing must start so that the tiers of the window's first day or month are filled correctly. */
export function pricingStart(terms: TariffTerms, windowStart: number, timeZone: string): number {
  const { import_price: price } = terms;
  if (price.type !== 'tiered') return windowStart;
  const { days } = localTimes(Float64Array.of(windowStart), timeZone);
  const today = days[0]?.day as string;
  return dayWindow(price.period === 'day' ? today : `${today.slice(0, 8)}01`, timeZone).start;
}

interface ExportPrices {
  readonly perKwh: Float64Array;
  /** 1 in slots without a known price. */
  readonly isFallback: Uint8Array;
}

/** A price that follows the market uses the import price if no export price is published. */
function exportPrices(
  { export_price: price }: TariffTerms,
  { edges, exportPrice, importPrice }: PricedSlots,
): ExportPrices {
  const count = Math.max(edges.length - 1, 0);
  const isFallback = new Uint8Array(count);
  if (price.type !== 'dynamic') {
    return { perKwh: new Float64Array(count).fill(price.type === 'flat' ? price.price_per_kwh : 0), isFallback };
  }
  const perKwh = new Float64Array(count);
  for (let s = 0; s < count; s++) {
    const own = exportPrice?.[s] ?? Number.NaN;
    const market = own === own ? own : (importPrice?.[s] ?? Number.NaN);
    isFallback[s] = market === market ? 0 : 1;
    perKwh[s] = market === market ? market * price.factor + price.markup_per_kwh : price.fallback_per_kwh;
  }
  return { perKwh, isFallback };
}

/** Minimum share of the energy priced at the fallback that is reported. */
const REPORTED_SHARE = 0.01;

function fallbackWarnings(
  { import_price: bought, export_price: sold }: TariffTerms,
  bands: ReadonlyMap<string, BandCost>,
  { soldKwh, soldByFallbackKwh }: { readonly soldKwh: number; readonly soldByFallbackKwh: number },
): string[] {
  const warnings: string[] = [];
  const report = (kwh: number, ofKwh: number, way: string, price: number) => {
    if (kwh > REPORTED_SHARE * ofKwh)
      warnings.push(`no price is known for ${kwh.toFixed(2)} kWh of ${way}: priced at the fallback of ${price}`);
  };
  if (bought.type === 'dynamic') {
    const boughtKwh = [...bands.values()].reduce((total, { energyKwh }) => total + energyKwh, 0);
    report(bands.get('fallback')?.energyKwh ?? 0, boughtKwh, 'import', bought.fallback_per_kwh);
  }
  if (sold.type === 'dynamic') report(soldByFallbackKwh, soldKwh, 'export', sold.fallback_per_kwh);
  return warnings;
}

/** A day of 23 or 25 hours is one day; a slot is the share of it that its duration is. */
function shareOfDay(clock: LocalTimes, edges: Float64Array, slot: number): number {
  const day = clock.days[clock.dayIndex[slot]!]!;
  return (edges[slot + 1]! - edges[slot]!) / (day.end - day.start);
}

function sum(column: Float64Array): number {
  return column.reduce((total, value) => total + value, 0);
}
