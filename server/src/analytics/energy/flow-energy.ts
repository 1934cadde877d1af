import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import type { Buckets } from '../../domain/columns/aggregate.ts';
import { withoutContradicted } from './contradicted-counters.ts';

/** Energy of one flow by slot: NaN where it is not known. */
export interface FlowEnergy {
  readonly kwh: Float64Array;
  /** Milliseconds of each slot for which the energy is known. */
  readonly knownMs: Float64Array;
}

/** Power may tell the course of a counter's energy when both agree at least this well; beyond it one of them is wrong. */
const AGREEMENT = 3;
/** A counter's energy takes the course of the power over at least this long, so that its coarse steps even out. */
const SHAPE_SPAN_MS = HOUR_MS;

/**
 * Energy of one flow of one device. A counter tells how much, wherever it spans a slot; the power tells when within each hour, and
 * how much where there is no counter. A counter that falls silent leaves its slots to the power; one that comes back after a gap
 * knows the total of the gap. On days on which complete power contradicts the counter, the counter is not used.
 *
 * @param power energy by integrating power, or null where power is not reported
 * @param reported the counter's aggregates over the same slots, or null
 * @param asOf the slots beyond this instant do not exist yet
 */
export function flowEnergy(
  power: FlowEnergy | null,
  reported: Buckets | null,
  edges: Float64Array,
  asOf: number,
): FlowEnergy {
  const slots = Math.max(edges.length - 1, 0);
  const elapsed = Float64Array.from({ length: slots }, (_, s) => elapsedMs(edges, s, asOf));
  const counter = reported && power ? withoutContradicted(reported, power, edges, elapsed) : reported;
  const kwh = new Float64Array(slots).fill(Number.NaN);
  const knownMs = new Float64Array(slots);
  for (let s = 0; s < slots; s++) {
    const fromPower = power !== null && power.knownMs[s]! > 0;
    if (counter !== null && isKnown(counter.increase, s) && !(fromPower && isPartial(counter, s))) {
      kwh[s] = counter.increase[s]!;
      knownMs[s] = elapsedMs(edges, s, asOf);
    } else if (fromPower) {
      kwh[s] = power.kwh[s]!;
      knownMs[s] = power.knownMs[s]!;
    }
  }
  if (power !== null && counter !== null) shapeByPower(kwh, power, counter, edges, asOf);
  return { kwh, knownMs };
}

/** Milliseconds of a slot that have passed. */
export function elapsedMs(edges: Float64Array, slot: number, asOf: number): number {
  return Math.max(Math.min(edges[slot + 1]!, asOf) - edges[slot]!, 0);
}

function isKnown(column: Float64Array, slot: number): boolean {
  const value = column[slot];
  return value !== undefined && value === value;
}

/**
 * Whether a counter falls silent inside a slot, so that its increase covers only a part of it. Where its history begins inside one
 * cannot be told from aggregates; that slot counts as complete.
 */
function isPartial(counter: Buckets, slot: number): boolean {
  const goesOn = isKnown(counter.increase, slot + 1) || (counter.count[slot + 1] ?? 0) > 0;
  return counter.count[slot]! > 0 && !goesOn;
}

/**
 * Spreads what a counter grew by between two of its samples, at least an hour apart, in proportion to the power: a counter that
 * counts in steps of 0.1 kWh, or reports once a day, still gets the day's course right. Sums over each span stay the counter's.
 */
function shapeByPower(kwh: Float64Array, power: FlowEnergy, counter: Buckets, edges: Float64Array, asOf: number): void {
  for (let from = 0; from < kwh.length; ) {
    if (!isKnown(counter.increase, from)) {
      from++;
      continue;
    }
    let to = from + 1;
    while (to < kwh.length && isKnown(counter.increase, to) && !startsSpan(counter, edges, from, to)) to++;
    shapeSpan(kwh, power, counter, edges, asOf, from, to);
    from = to;
  }
}

function startsSpan(counter: Buckets, edges: Float64Array, from: number, slot: number): boolean {
  return counter.count[slot]! > 0 && edges[slot]! - edges[from]! >= SHAPE_SPAN_MS;
}

function shapeSpan(
  kwh: Float64Array,
  power: FlowEnergy,
  counter: Buckets,
  edges: Float64Array,
  asOf: number,
  from: number,
  to: number,
): void {
  let counted = 0;
  let integrated = 0;
  for (let s = from; s < to; s++) {
    const complete = power.knownMs[s]! >= 0.9 * elapsedMs(edges, s, asOf);
    if (!complete || isPartial(counter, s)) return;
    counted += counter.increase[s]!;
    integrated += elapsedMs(edges, s, asOf) > 0 ? power.kwh[s]! : 0;
  }
  const ratio = counted / integrated;
  if (!(ratio >= 1 / AGREEMENT && ratio <= AGREEMENT)) return;
  for (let s = from; s < to; s++) {
    if (elapsedMs(edges, s, asOf) > 0) kwh[s] = power.kwh[s]! * ratio;
  }
}
