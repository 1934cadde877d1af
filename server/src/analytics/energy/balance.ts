import type { Corner } from './corners.ts';
import { elapsedMs, type FlowEnergy } from './flow-energy.ts';

/** The corners of the energy balance: solar + import + discharge = load + export + charge. */
export type BalancedCorner = 'solar' | 'battery' | 'grid' | 'load';

/**
 * Energy of a site by slot, kWh; NaN where it is neither measured nor derived, and in slots in which the site did not have the corner
 * (these count as known).
 */
export interface SiteSlots {
  /** Epoch milliseconds; one edge more than slots. */
  readonly edges: Float64Array;
  /** The data end at this instant. */
  readonly asOf: number;
  /** Corners of the balance that the site has: always load and grid; solar and battery if they have ever reported. */
  readonly present: readonly BalancedCorner[];
  readonly solar: Float64Array;
  readonly charge: Float64Array;
  readonly discharge: Float64Array;
  readonly imported: Float64Array;
  readonly exported: Float64Array;
  readonly load: Float64Array;
  readonly vehicle: Float64Array;
  readonly machines: Float64Array;
  /** Milliseconds of each slot for which a corner is measured or derived. */
  readonly knownMs: Readonly<Record<Corner, Float64Array>>;
  /** Milliseconds of each slot covered by the corner's own samples or counters. */
  readonly measuredMs: Readonly<Record<Corner, Float64Array>>;
  /** Slots with a value derived from other corners. */
  readonly derived: readonly Derivation[];
}

export interface Derivation {
  readonly corner: Corner;
  /** Formula: `load − solar`. */
  readonly from: string;
  /** 1 for each derived slot. */
  readonly slots: Uint8Array;
}

/** Measured energy of a site's corners. Null for corners that the site does not have or nobody reports. */
export interface MeasuredCorners {
  readonly edges: Float64Array;
  readonly asOf: number;
  readonly solar: FlowEnergy | null;
  readonly battery: { readonly positive: FlowEnergy; readonly negative: FlowEnergy } | null;
  readonly grid: { readonly positive: FlowEnergy; readonly negative: FlowEnergy } | null;
  readonly load: FlowEnergy | null;
  readonly vehicle: FlowEnergy | null;
  readonly machines: FlowEnergy | null;
  /** 1 for slots at night. */
  readonly dark: Uint8Array | null;
  /** The formula, if the grid was derived from power sample by sample rather than reported. */
  readonly gridDerivedFrom: string | null;
}

/** Minimum known share of a slot for use in a derivation. */
const ENOUGH = 0.8;

/**
 * Completes a site's balance, solar + import + discharge = load + export + charge, slot by slot:
 *
 * 1. Solar production without readings is zero at night.
 * 2. If exactly one corner is unknown, it is derived from the others: as the net energy of the slot for grid and battery, limited to zero
 *    or more for solar and load.
 * 3. If neither load nor grid is known, the load is the sum of the machines' meters, and step 2 is repeated.
 *
 * Slots that remain undetermined are NaN.
 */
export function completeBalance(measured: MeasuredCorners): SiteSlots {
  const slots = new OpenSlots(measured);
  if (measured.solar !== null && measured.dark !== null) slots.darken(measured.dark);
  slots.deriveMissing();
  if (measured.machines !== null) {
    slots.loadFromMachines(measured.machines);
    slots.deriveMissing();
  }
  return slots.finish();
}

const BALANCED: readonly BalancedCorner[] = ['solar', 'battery', 'grid', 'load'];

/** The columns during completion. */
class OpenSlots {
  readonly #measured: MeasuredCorners;
  readonly #count: number;
  readonly #columns: Record<'solar' | 'charge' | 'discharge' | 'imported' | 'exported' | 'load', Float64Array>;
  readonly #known: Record<Corner, Float64Array>;
  readonly #derived = new Map<string, { corner: Corner; from: string; slots: Uint8Array }>();
  readonly #present: readonly BalancedCorner[];

  constructor(measured: MeasuredCorners) {
    const { solar, battery, grid, load, vehicle, machines } = measured;
    const count = measured.edges.length - 1;
    const column = (flow: FlowEnergy | null | undefined, absent: number) =>
      flow ? flow.kwh.slice() : new Float64Array(count).fill(absent);
    const known = (...flows: (FlowEnergy | null | undefined)[]) => minKnown(flows, count);
    this.#measured = measured;
    this.#count = count;
    this.#columns = {
      solar: column(solar, 0),
      charge: column(battery?.positive, 0),
      discharge: column(battery?.negative, 0),
      imported: column(grid?.positive, Number.NaN),
      exported: column(grid?.negative, Number.NaN),
      load: column(load, Number.NaN),
    };
    this.#known = {
      solar: known(solar),
      battery: known(battery?.positive, battery?.negative),
      grid: known(grid?.positive, grid?.negative),
      load: known(load),
      vehicle: known(vehicle),
      machines: known(machines),
    };
    this.#present = BALANCED.filter((corner) => (corner === 'solar' ? solar : corner === 'battery' ? battery : true));
  }

  darken(dark: Uint8Array): void {
    for (let s = 0; s < this.#count; s++) {
      if (dark[s] !== 1 || this.#known.solar[s]! >= ENOUGH * this.#elapsed(s)) continue;
      if (this.#known.solar[s] === 0) this.#columns.solar[s] = 0;
      this.#settle(s, 'solar', 'night');
    }
  }

  deriveMissing(): void {
    for (let s = 0; s < this.#count; s++) {
      const elapsed = this.#elapsed(s);
      if (elapsed === 0) continue;
      const missing = this.#present.filter((corner) => this.#known[corner][s]! < ENOUGH * elapsed);
      if (missing.length === 1) this.#derive(s, missing[0]!);
    }
  }

  loadFromMachines(machines: FlowEnergy): void {
    for (let s = 0; s < this.#count; s++) {
      const isOpen = this.#known.load[s] === 0 && this.#known.grid[s]! < ENOUGH * this.#elapsed(s);
      if (!isOpen || machines.knownMs[s]! === 0) continue;
      this.#columns.load[s] = machines.kwh[s]!;
      this.#settle(s, 'load', 'the sum of the machines', machines.knownMs[s]!);
    }
  }

  finish(): SiteSlots {
    const { edges, vehicle, machines, solar, battery, grid, load, gridDerivedFrom } = this.#measured;
    const absent = (corner: object | null, column: Float64Array) =>
      corner === null ? column.fill(Number.NaN) : column;
    const empty = new Float64Array(this.#count).fill(Number.NaN);
    const measuredGrid = gridDerivedFrom === null ? grid : null;
    const known = (...flows: (FlowEnergy | null | undefined)[]) => minKnown(flows, this.#count);
    const derived: Derivation[] = [...this.#derived.values()];
    if (gridDerivedFrom !== null && grid !== null) {
      const slots = Uint8Array.from(grid.positive.knownMs, (ms) => (ms > 0 ? 1 : 0));
      derived.push({ corner: 'grid', from: gridDerivedFrom, slots });
    }
    return {
      edges,
      asOf: this.#measured.asOf,
      present: this.#present,
      ...this.#columns,
      solar: absent(solar, this.#columns.solar),
      charge: absent(battery, this.#columns.charge),
      discharge: absent(battery, this.#columns.discharge),
      vehicle: vehicle?.kwh ?? empty,
      machines: machines?.kwh ?? empty,
      knownMs: this.#known,
      measuredMs: {
        solar: known(solar),
        battery: known(battery?.positive, battery?.negative),
        grid: known(measuredGrid?.positive, measuredGrid?.negative),
        load: known(load),
        vehicle: known(vehicle),
        machines: known(machines),
      },
      derived,
    };
  }

  #derive(s: number, corner: BalancedCorner): void {
    const { solar, charge, discharge, imported, exported, load } = this.#columns;
    // NaN in a known slot: the site did not have the corner at that time.
    const at = (column: Float64Array) => column[s] || 0;
    const net = (kwh: number) => Math.max(kwh, 0);
    const others = BALANCED.filter((other) => other !== corner && this.#present.includes(other));
    if (corner === 'grid') {
      const need = at(load) + at(charge) - at(discharge) - at(solar);
      settleNet(imported, exported, s, need);
    } else if (corner === 'battery') {
      const surplus = at(solar) + at(imported) - at(exported) - at(load);
      settleNet(charge, discharge, s, surplus);
    } else if (corner === 'load') {
      load[s] = net(at(solar) + at(imported) - at(exported) + at(discharge) - at(charge));
    } else {
      solar[s] = net(at(load) + at(exported) - at(imported) + at(charge) - at(discharge));
    }
    const known = Math.min(...others.map((other) => this.#known[other][s]!));
    this.#settle(s, corner, others.join(', '), known);
  }

  #settle(s: number, corner: BalancedCorner, from: string, knownMs = this.#elapsed(s)): void {
    const key = `${corner} ${from}`;
    const derivation = this.#derived.get(key) ?? { corner, from, slots: new Uint8Array(this.#count) };
    this.#derived.set(key, derivation);
    derivation.slots[s] = 1;
    this.#known[corner][s] = knownMs;
  }

  #elapsed(s: number): number {
    return elapsedMs(this.#measured.edges, s, this.#measured.asOf);
  }
}

/** Sets two opposite flows so that their difference is `net`; if only one of them is measured, it is unchanged. */
function settleNet(positive: Float64Array, negative: Float64Array, s: number, net: number): void {
  const given = positive[s]!;
  const taken = negative[s]!;
  if (given === given && taken !== taken) negative[s] = Math.max(given - net, 0);
  else if (taken === taken && given !== given) positive[s] = Math.max(taken + net, 0);
  else {
    positive[s] = Math.max(net, 0);
    negative[s] = Math.max(-net, 0);
  }
}

/** Minimum known time of the flows in each slot; 0 without flows. */
function minKnown(flows: readonly (FlowEnergy | null | undefined)[], count: number): Float64Array {
  const min = new Float64Array(count);
  for (let s = 0; s < count; s++) {
    let known = Number.POSITIVE_INFINITY;
    for (const flow of flows) known = Math.min(known, flow ? flow.knownMs[s]! : 0);
    min[s] = known === Number.POSITIVE_INFINITY ? 0 : known;
  }
  return min;
}
