import { HOUR_MS } from '@wattkeeper/contract/durations.ts';

/** A load that may be delayed and runs without a break. Instants are epoch milliseconds. */
export interface ShiftableLoad {
  readonly energyKwh: number;
  readonly durationMs: number;
  readonly earliest: number;
  /** Latest end. */
  readonly latest: number;
}

/** Forecasts for the coming time, by slots of equal length. */
export interface Outlook {
  /** Epoch milliseconds; one edge more than slots. */
  readonly edges: Float64Array;
  /** Import and export price per kWh; null if unknown: then demand is minimized. NaN in slots without a price. */
  readonly prices: { readonly import: Float64Array; readonly export: Float64Array } | null;
  /** Demand and solar power of the site, kW; NaN if unknown. */
  readonly demandKw: Float64Array;
  readonly solarKw: Float64Array;
}

export interface Placement {
  readonly start: number;
  readonly end: number;
  readonly powerKw: number;
  /** Null without prices. */
  readonly cost: number | null;
  /** Share of the energy covered by surplus solar power, 0–1. */
  readonly solarShare: number;
}

/** The start with the lowest cost, and the cost at the earliest start. */
export interface Shift {
  readonly best: Placement;
  readonly now: Placement;
}

/** Costs with a smaller difference are equal: the earlier start is preferred. */
const SAME = 1e-9;

/**
 * Finds the start with the lowest cost: surplus solar energy costs its lost export revenue, other energy the import price. Without prices,
 * the peak demand of the site including the load is minimized.
 * @returns null if the load does not fit between its earliest start and latest end
 */
export function shiftLoad(load: ShiftableLoad, outlook: Outlook): Shift | null {
  const { edges } = outlook;
  const starts = [load.earliest, ...edges].filter(
    (start) => start >= load.earliest && start + load.durationMs <= Math.min(load.latest, edges.at(-1) as number),
  );
  const places = [...new Set(starts)].sort((a, b) => a - b).map((start) => place(load, start, outlook));
  const [first, ...others] = places.filter(({ score }) => score === score);
  if (first === undefined) return null;
  const best = others.reduce((best, one) => (one.score < best.score - SAME ? one : best), first);
  return { best: best.placement, now: (places[0] ?? first).placement };
}

/** The outlook including a placed load, which uses up its surplus. */
export function withLoad(outlook: Outlook, { start, end, powerKw }: Placement): Outlook {
  const { edges, demandKw } = outlook;
  const shares = demandKw.map((_, s) => overlap(edges, s, start, end) / (edges[s + 1]! - edges[s]!));
  return { ...outlook, demandKw: demandKw.map((kw, s) => kw + powerKw * shares[s]!) };
}

function place(load: ShiftableLoad, start: number, { edges, prices, demandKw, solarKw }: Outlook) {
  const end = start + load.durationMs;
  const powerKw = (load.energyKwh * HOUR_MS) / load.durationMs;
  let [cost, fromRoofKwh, peak] = [0, 0, 0];
  for (let s = 0; s < demandKw.length; s++) {
    const hours = overlap(edges, s, start, end) / HOUR_MS;
    if (hours === 0) continue;
    const demand = demandKw[s]!;
    const surplus = Math.min(powerKw, Math.max(0, solarKw[s]! - demand) || 0);
    fromRoofKwh += surplus * hours;
    peak = Math.max(peak, powerKw + (demand || 0) - (solarKw[s]! || 0));
    if (prices === null) continue;
    const earned = prices.export[s]! || 0;
    cost += hours * (surplus * earned + (powerKw - surplus) * prices.import[s]!);
  }
  const solarShare = fromRoofKwh / load.energyKwh;
  const placement: Placement = { start, end, powerKw, cost: prices === null ? null : cost, solarShare };
  return { placement, score: prices === null ? peak : cost };
}

function overlap(edges: Float64Array, slot: number, start: number, end: number): number {
  return Math.max(0, Math.min(edges[slot + 1]!, end) - Math.max(edges[slot]!, start));
}
