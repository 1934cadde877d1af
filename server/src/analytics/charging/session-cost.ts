import type { SiteSlots } from '../energy/balance.ts';
import type { FlowColumns } from '../energy/flows.ts';
import { type Steps, splitSteps } from '../energy/steps.ts';
import type { DetectedSession } from './detect-sessions.ts';

/** Prices and energy flows for the valuation of sessions, by slots of 15 minutes. */
export interface SessionValues {
  readonly slots: SiteSlots;
  readonly flows: FlowColumns;
  /** Prices of imported and exported energy per kWh, NaN if unknown; null for a site without prices. */
  readonly prices: {
    readonly import: Float64Array;
    readonly export: Float64Array;
    /** Slots that use the tariff's fallback price. */
    readonly isFallback: { readonly import: (slot: number) => boolean; readonly export: (slot: number) => boolean };
  } | null;
  /** Role of the sessions' device in its site: a vehicle is part of the load. */
  readonly corner: 'battery' | 'vehicle';
}

export interface SessionCost {
  /** Energy-weighted mean price, of imported energy for charging and of exported energy for discharging. */
  readonly averagePricePerKwh: number | null;
  /** Cost of the energy imported, or (negative) revenue of the energy exported. */
  readonly cost: number | null;
  /** Share of the energy that was imported or exported; 0–1. */
  readonly gridShare: number | null;
  /** Share of the imported or exported energy priced at the tariff's fallback; null without any price. 0–1. */
  readonly fallbackShare: number | null;
}

/** Values the sessions of one device by the site's balance. The energy of a slot is assumed to have one origin throughout. */
export function sessionCosts(sessions: readonly DetectedSession[], power: Steps, values: SessionValues): SessionCost[] {
  const split = splitSteps(power, values.slots.edges);
  const { edges } = values.slots;
  let first = 0;
  return sessions.map((session) => {
    while (first + 1 < edges.length && edges[first + 1]! <= session.startAt) first++;
    const energy = session.direction === 'charge' ? split.positive : split.negative;
    return costOf(session, energy, first, values);
  });
}

function costOf(session: DetectedSession, energy: Float64Array, first: number, values: SessionValues): SessionCost {
  const { edges } = values.slots;
  const share = new Mean();
  const price = new Mean();
  const cost = new Mean();
  const fallback = new Mean();
  const way = session.direction === 'charge' ? 'import' : 'export';
  for (let s = first; s < energy.length && edges[s]! < session.endAt; s++) {
    const kwh = energy[s]!;
    if (!(kwh > 0)) continue;
    const fromGrid = gridShareAt(session, s, values);
    const perKwh = values.prices?.[way][s] ?? Number.NaN;
    share.add(fromGrid, kwh);
    price.add(perKwh, kwh);
    cost.add(fromGrid * perKwh, kwh);
    if (fromGrid * kwh > 0) fallback.add(values.prices?.isFallback[way](s) ? 1 : 0, fromGrid * kwh);
  }
  const perKwh = cost.value;
  const signed = session.direction === 'charge' ? session.energyKwh : -session.energyKwh;
  return {
    averagePricePerKwh: price.value,
    cost: perKwh === null ? null : perKwh * signed,
    gridShare: share.value === null ? null : Math.max(0, Math.min(1, share.value)),
    fallbackShare: values.prices === null ? null : fallback.value,
  };
}

function gridShareAt(session: DetectedSession, s: number, { slots, flows, corner }: SessionValues): number {
  if (corner === 'vehicle') {
    if (session.direction === 'discharge') return Number.NaN;
    return flows.grid_to_load_kwh[s]! / slots.load[s]!;
  }
  return session.direction === 'charge'
    ? flows.grid_to_battery_kwh[s]! / slots.charge[s]!
    : flows.battery_to_grid_kwh[s]! / slots.discharge[s]!;
}

/** Energy-weighted mean of known values. */
class Mean {
  #sum = 0;
  #weight = 0;

  add(value: number, weight: number): void {
    if (!Number.isFinite(value)) return;
    this.#sum += value * weight;
    this.#weight += weight;
  }

  get value(): number | null {
    return this.#weight > 0 ? this.#sum / this.#weight : null;
  }
}
