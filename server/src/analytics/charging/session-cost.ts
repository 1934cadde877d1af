import type { SiteSlots } from '../energy/balance.ts';
import type { FlowColumns } from '../energy/flows.ts';
import { type Steps, splitSteps } from '../energy/steps.ts';
import type { DetectedSession } from './detect-sessions.ts';

/** What sessions are valued with, by slot of 15 minutes. */
export interface SessionValues {
  readonly slots: SiteSlots;
  readonly flows: FlowColumns;
  /** What a bought and a sold kWh costs, NaN where not known; null for a site without prices. */
  readonly prices: {
    readonly import: Float64Array;
    readonly export: Float64Array;
    /** Slots in which the tariff's fallback stands for a price that is not known. */
    readonly isFallback: { readonly import: (slot: number) => boolean; readonly export: (slot: number) => boolean };
  } | null;
  /** What the sessions' device is to its site: a vehicle is a part of the load. */
  readonly corner: 'battery' | 'vehicle';
}

export interface SessionCost {
  /** Mean price of a bought kWh while it charged (of a sold one while it discharged), weighted by energy. */
  readonly averagePricePerKwh: number | null;
  /** Money spent on what came from the grid, or (negative) earned with what went to it. */
  readonly cost: number | null;
  /** Share of the energy that came from the grid, or went to it; 0–1. */
  readonly gridShare: number | null;
  /** Share of the energy from or to the grid that the tariff's fallback prices; null where none has a price. 0–1. */
  readonly fallbackShare: number | null;
}

/** Values sessions of one device by the site's balance. Energy within a slot is taken to be of one origin throughout. */
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

/** Mean weighted by energy, of what is known. */
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
