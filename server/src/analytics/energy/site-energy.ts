import type { Buckets } from '../../domain/columns/aggregate.ts';
import { completeBalance, type SiteSlots } from './balance.ts';
import { type CornerEnergy, combineDevices, type RankedFlow } from './combine-devices.ts';
import type { Corner } from './corners.ts';
import { darkByProduction, darkBySun, extendNights } from './darkness.ts';
import { elapsedMs, type FlowEnergy, flowEnergy } from './flow-energy.ts';
import { type IntervalEnergy, withIntervals } from './interval-energy.ts';
import { type Life, livedMs } from './life.ts';
import type { SignedEnergy } from './steps.ts';

/** The energy of one corner as one device reports it. */
export interface DeviceEnergy {
  readonly corner: Corner;
  /** Rank among the devices that report the corner; 0 is preferred. */
  readonly rank: number;
  readonly life: Life;
  /** Integrated power, split by sign; null if power is not reported. */
  readonly power: SignedEnergy | null;
  /** Counters; null if not reported. */
  readonly positiveCounter: Buckets | null;
  readonly negativeCounter: Buckets | null;
  /** Energies per interval; null if not reported. */
  readonly positiveIntervals: IntervalEnergy | null;
  readonly negativeIntervals: IntervalEnergy | null;
}

export interface SiteEnergyInput {
  readonly edges: Float64Array;
  readonly asOf: number;
  readonly devices: readonly DeviceEnergy[];
  /** Whether the site has a battery, even if its energy is not reported (only its state of charge, for example). */
  readonly hasBattery: boolean;
  /** Slots at night, see `darkSlots`; null for a site without panels. */
  readonly dark: Uint8Array | null;
  /** Grid power derived sample by sample for a site whose grid connection is not measured, and its formula. */
  readonly derivedGrid: { readonly energy: SignedEnergy; readonly from: string } | null;
}

/** A site's energy by slot: devices are combined to corners, and missing corners are derived from the balance. */
export function siteEnergy(input: SiteEnergyInput): SiteSlots {
  const { edges, asOf, devices, dark } = input;
  const corner = (name: Corner) => cornerEnergy(devices, name, edges, asOf);
  const solar = corner('solar')?.positive ?? null;
  const battery = corner('battery') ?? (input.hasBattery ? unknownCorner(edges.length - 1) : null);
  const measuredGrid = corner('grid');
  const derived = measuredGrid === null ? input.derivedGrid : null;
  return completeBalance({
    edges,
    asOf,
    solar,
    battery,
    grid: measuredGrid
      ? oneWayGrid(measuredGrid, solar === null && battery === null)
      : derived && bothWays(derived.energy),
    load: corner('load')?.positive ?? null,
    vehicle: corner('vehicle')?.positive ?? null,
    machines: corner('machines')?.positive ?? null,
    dark,
    gridDerivedFrom: derived?.from ?? null,
  });
}

/**
 * Slots without solar production at night: by the position of the sun if the site's location is known, extended by the dusk and dawn during
 * which the inverter is off; otherwise by the pattern of production alone.
 */
export function darkSlots(
  devices: readonly DeviceEnergy[],
  place: { readonly latitudeDeg: number; readonly longitudeDeg: number } | null,
  edges: Float64Array,
  asOf: number,
): Uint8Array | null {
  const solar = cornerEnergy(devices, 'solar', edges, asOf)?.positive;
  if (solar === undefined) return null;
  const silent = darkByProduction(solar, edges);
  return place === null ? silent : extendNights(darkBySun(edges, place.latitudeDeg, place.longitudeDeg), silent);
}

function cornerEnergy(
  devices: readonly DeviceEnergy[],
  corner: Corner,
  edges: Float64Array,
  asOf: number,
): CornerEnergy | null {
  const positive: RankedFlow[] = [];
  const negative: RankedFlow[] = [];
  const ofCorner = devices.filter((device) => device.corner === corner);
  for (const device of ofCorner) {
    const { rank, life, power } = device;
    const way = (direction: 'positive' | 'negative'): FlowEnergy | null =>
      power && { kwh: power[direction], knownMs: power.coveredMs };
    for (const [direction, flows] of [
      ['positive', positive],
      ['negative', negative],
    ] as const) {
      const counter = device[`${direction}Counter`];
      const intervals = device[`${direction}Intervals`];
      const measured = power || counter ? flowEnergy(way(direction), counter, edges, asOf) : null;
      const energy = intervals === null ? measured : withIntervals(measured, intervals, edges, asOf);
      if (energy !== null) flows.push({ rank, life, energy: until(energy, edges, life.end) });
    }
  }
  if (positive.length === 0 && negative.length === 0) return null;
  const found = {
    positive: positive.length > 0 ? combineDevices(positive, edges, asOf) : unknownFlow(edges.length - 1),
    negative: negative.length > 0 ? combineDevices(negative, edges, asOf) : unknownFlow(edges.length - 1),
  };
  if (corner !== 'solar' && corner !== 'battery') return found;
  const lives = ofCorner.map(({ life }) => life);
  return {
    positive: withAbsence(found.positive, lives, edges, asOf),
    negative: withAbsence(found.negative, lives, edges, asOf),
  };
}

/** Removes readings after a device's retirement. */
function until({ kwh, knownMs }: FlowEnergy, edges: Float64Array, end: number): FlowEnergy {
  const isOver = (s: number) => edges[s]! >= end;
  return {
    kwh: kwh.map((energy, s) => (isOver(s) ? Number.NaN : energy)),
    knownMs: knownMs.map((ms, s) => (isOver(s) ? 0 : ms)),
  };
}

/**
 * Marks slots in which a site did not yet, or no longer, have panels or batteries as known, without energy. Slots in which a device starts
 * or ends count in part.
 */
function withAbsence(
  { kwh, knownMs }: FlowEnergy,
  lives: readonly Life[],
  edges: Float64Array,
  asOf: number,
): FlowEnergy {
  return {
    kwh,
    knownMs: knownMs.map((ms, s) => {
      const elapsed = elapsedMs(edges, s, asOf);
      const lived = Math.max(...lives.map((life) => livedMs(life, edges[s]!, edges[s]! + elapsed)));
      if (lived === 0) return elapsed;
      return lived < elapsed ? elapsed * Math.min(ms / lived, 1) : ms;
    }),
  };
}

/** Without panels and battery there is nothing to export, so a meter that counts imports only is complete. */
function oneWayGrid(grid: CornerEnergy, onlyBuys: boolean): CornerEnergy {
  const exportsNothing = onlyBuys && grid.negative.knownMs.every((ms) => ms === 0);
  if (!exportsNothing) return grid;
  const { kwh, knownMs } = grid.positive;
  return { positive: grid.positive, negative: { kwh: kwh.map((bought) => bought * 0), knownMs } };
}

function bothWays({ positive, negative, coveredMs }: SignedEnergy): CornerEnergy {
  return { positive: { kwh: positive, knownMs: coveredMs }, negative: { kwh: negative, knownMs: coveredMs } };
}

function unknownCorner(slots: number): CornerEnergy {
  return { positive: unknownFlow(slots), negative: unknownFlow(slots) };
}

function unknownFlow(slots: number): FlowEnergy {
  return { kwh: new Float64Array(slots).fill(Number.NaN), knownMs: new Float64Array(slots) };
}
