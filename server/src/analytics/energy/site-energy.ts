import type { Buckets } from '../../domain/columns/aggregate.ts';
import { completeBalance, type SiteSlots } from './balance.ts';
import { type CornerEnergy, combineDevices, type RankedFlow } from './combine-devices.ts';
import type { Corner } from './corners.ts';
import { darkByHabit, darkBySun, withSleep } from './darkness.ts';
import { elapsedMs, type FlowEnergy, flowEnergy } from './flow-energy.ts';
import { type IntervalEnergy, withIntervals } from './interval-energy.ts';
import { type Life, livedMs } from './life.ts';
import type { SignedEnergy } from './steps.ts';

/** What one device reports of one corner. */
export interface DeviceEnergy {
  readonly corner: Corner;
  /** Place among the devices that report the corner: 0 is believed first. */
  readonly rank: number;
  readonly life: Life;
  /** Integrated power, split by sign; null where power is not reported. */
  readonly power: SignedEnergy | null;
  /** Counters; null where they are not reported. */
  readonly positiveCounter: Buckets | null;
  readonly negativeCounter: Buckets | null;
  /** Energies per interval; null where they are not reported. */
  readonly positiveIntervals: IntervalEnergy | null;
  readonly negativeIntervals: IntervalEnergy | null;
}

export interface SiteEnergyInput {
  readonly edges: Float64Array;
  readonly asOf: number;
  readonly devices: readonly DeviceEnergy[];
  /** Whether the site has a battery even if nothing tells what it takes and gives (only its state of charge, say). */
  readonly hasBattery: boolean;
  /** Slots in which the sun is down, see `darkSlots`; null for a site without panels. */
  readonly dark: Uint8Array | null;
  /** Grid power worked out sample by sample for a site whose grid connection is not measured, and from what. */
  readonly derivedGrid: { readonly energy: SignedEnergy; readonly from: string } | null;
}

/** A site's energy by slot: devices joined to corners, and what they leave open derived from the balance. */
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
 * Slots in which panels make nothing because it is night: by the sun where the site's place is known, with the dusk and dawn that
 * their inverter sleeps through; else by that habit alone.
 */
export function darkSlots(
  devices: readonly DeviceEnergy[],
  place: { readonly latitudeDeg: number; readonly longitudeDeg: number } | null,
  edges: Float64Array,
  asOf: number,
): Uint8Array | null {
  const solar = cornerEnergy(devices, 'solar', edges, asOf)?.positive;
  if (solar === undefined) return null;
  const asleep = darkByHabit(solar, edges);
  return place === null ? asleep : withSleep(darkBySun(edges, place.latitudeDeg, place.longitudeDeg), asleep);
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

/** What a device reports after it was retired does not count. */
function until({ kwh, knownMs }: FlowEnergy, edges: Float64Array, end: number): FlowEnergy {
  const isOver = (s: number) => edges[s]! >= end;
  return {
    kwh: kwh.map((energy, s) => (isOver(s) ? Number.NaN : energy)),
    knownMs: knownMs.map((ms, s) => (isOver(s) ? 0 : ms)),
  };
}

/**
 * Panels and batteries that a site did not have yet, or has no longer, are not missed: such slots are known, without an energy. In the slots in
 * which a device begins or ends, it is missed for its part only.
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

/** Without panels and battery there is nothing to export: a meter that counts imports alone tells everything. */
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
