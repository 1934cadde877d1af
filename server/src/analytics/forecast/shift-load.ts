import { HOUR_MS } from '@wattkeeper/contract/durations.ts';

/** A load that may run at another time, without a break. Instants are epoch milliseconds. */
export interface ShiftableLoad {
  readonly energyKwh: number;
  readonly durationMs: number;
  readonly earliest: number;
  /** When it must be done. */
  readonly latest: number;
}

/** What is known of the time ahead, by slots of equal length. */
export interface Outlook {
  /** Epoch milliseconds, one more than there are slots. */
  readonly edges: Float64Array;
  /** Per kWh bought and sold; null: no price is known, and the demand decides. NaN where a slot has none. */
  readonly prices: { readonly import: Float64Array; readonly export: Float64Array } | null;
  /** kW that the site takes and that its roof gives; NaN where not known. */
  readonly demandKw: Float64Array;
  readonly solarKw: Float64Array;
}

export interface Placement {
  readonly start: number;
  readonly end: number;
  readonly powerKw: number;
  /** Null without prices. */
  readonly cost: number | null;
  /** Share of the energy that surplus of the roof covers, 0–1. */
  readonly solarShare: number;
}

/** Where a load costs least, and what it costs at the earliest time. */
export interface Shift {
  readonly best: Placement;
  readonly now: Placement;
}

/** Costs that differ by less are the same: the earlier start wins. */
const SAME = 1e-9;

/**
 * Places a load where it costs least: energy that the roof leaves over costs what its export would have earned, the rest the import price.
 * Without prices it goes where the site's demand with it peaks least.
 * @returns null when it does not fit between its earliest start and its end
 */
export function shiftLoad(load: ShiftableLoad, outlook: Outlook): Shift | null {
  const { edges } = outlook;
  const starts = [load.earliest, ...edges].filter(
    (start) => start >= load.earliest && start + load.durationMs <= Math.min(load.latest, edges.at(-1) as number),
  );
  const places = [...new Set(starts)].sort((a, b) => a - b).map((start) => place(load, start, outlook));
  const [first, ...others] = places.filter(({ score }) => score === score);
  if (first === undefined) return null;
  const best = others.reduce((least, one) => (one.score < least.score - SAME ? one : least), first);
  return { best: best.placement, now: (places[0] ?? first).placement };
}

/** The outlook with a load in its place: its surplus is used up. */
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
