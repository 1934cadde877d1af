import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import type { Buckets } from '../../domain/columns/aggregate.ts';
import { withoutContradicted } from './contradicted-counters.ts';

/** Energy of one flow by slot; NaN where unknown. */
export interface FlowEnergy {
  readonly kwh: Float64Array;
  /** Milliseconds of each slot for which the energy is known. */
  readonly knownMs: Float64Array;
}

/**
 * Maximum ratio between counter and integrated power at which power defines the course of the counter's energy; above it one of them is
 * wrong.
 */
const AGREEMENT = 3;
/** Minimum length of the stretches over which a counter's energy follows the power, which smooths coarse counter steps. */
const SHAPE_SPAN_MS = HOUR_MS;

/**
 * Energy of one flow of one device. The counter determines the energy of the slots that it covers; power determines its course within each
 * hour, and the energy of slots without a counter. After a gap a counter reports the total of the gap. On days on which complete power data
 * contradict the counter, the counter is not used.
 *
 * @param power energy integrated from power, or null if power is not reported
 * @param reported the counter's aggregates over the same slots, or null
 * @param asOf slots after this instant are in the future
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

/** Elapsed milliseconds of a slot. */
export function elapsedMs(edges: Float64Array, slot: number, asOf: number): number {
  return Math.max(Math.min(edges[slot + 1]!, asOf) - edges[slot]!, 0);
}

function isKnown(column: Float64Array, slot: number): boolean {
  const value = column[slot];
  return value !== undefined && value === value;
}

/**
 * Whether a counter becomes silent within a slot, so that its increase covers only part of it. The start of a counter's history within a
 * slot is not visible in aggregates; that slot counts as complete.
 */
function isPartial(counter: Buckets, slot: number): boolean {
  const goesOn = isKnown(counter.increase, slot + 1) || (counter.count[slot + 1] ?? 0) > 0;
  return counter.count[slot]! > 0 && !goesOn;
}

/**
 * Distributes the growth of a counter between two samples, at least an hour apart, in proportion to the power. This gives the correct
 * course of the day even for counters with steps of 0.1 kWh or one reading a day. Sums over each span equal the counter's growth.
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
