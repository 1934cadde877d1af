import { lowerBound } from '../../domain/columns/frame.ts';
import { elapsedMs, type FlowEnergy } from './flow-energy.ts';

/** Energies of intervals, ascending, without overlap. */
export interface IntervalEnergy {
  /** Epoch milliseconds; interval `i` is `[starts[i], ends[i])`. */
  readonly starts: Float64Array;
  readonly ends: Float64Array;
  readonly kwh: Float64Array;
}

/** Maximum ratio between two measurements at which one defines the course of the other's energy. */
const AGREEMENT = 3;
/** Minimum known share of each slot of the other measurement. */
const MIN_COURSE_SHARE = 0.9;

/**
 * Energy of one flow by slot from energies per interval: the sum over each interval is as reported. Within an interval the energy follows
 * the course of `other` if that is known and agrees, and is spread evenly otherwise. Slots outside all intervals use `other`.
 *
 * @param other the same flow from a counter or from power; null if neither is reported
 */
export function withIntervals(
  other: FlowEnergy | null,
  intervals: IntervalEnergy,
  edges: Float64Array,
  asOf: number,
): FlowEnergy {
  const flow = spreadEvenly(intervals, edges);
  if (other === null) return flow;
  for (let i = 0; i < intervals.starts.length; i++) takeCourse(flow, other, intervals, i, edges, asOf);
  for (let s = 0; s < flow.kwh.length; s++) {
    if (flow.knownMs[s]! >= other.knownMs[s]!) continue;
    flow.kwh[s] = other.kwh[s]!;
    flow.knownMs[s] = other.knownMs[s]!;
  }
  return flow;
}

/** Energy of intervals by slot, spread evenly over each. */
export function spreadEvenly({ starts, ends, kwh }: IntervalEnergy, edges: Float64Array): FlowEnergy {
  const slots = Math.max(edges.length - 1, 0);
  const out = { kwh: new Float64Array(slots).fill(Number.NaN), knownMs: new Float64Array(slots) };
  let slot = 0;
  for (let i = 0; i < starts.length; i++) {
    const [start, end] = [starts[i]!, ends[i]!];
    while (slot < slots && edges[slot + 1]! <= start) slot++;
    for (let s = slot; s < slots && edges[s]! < end; s++) {
      const ms = Math.min(end, edges[s + 1]!) - Math.max(start, edges[s]!);
      if (ms <= 0) continue;
      if (out.knownMs[s] === 0) out.kwh[s] = 0;
      out.kwh[s]! += (kwh[i]! * ms) / (end - start);
      out.knownMs[s]! += ms;
    }
  }
  return out;
}

/** Distributes the energy of an interval over its slots in proportion to another measurement. */
function takeCourse(
  flow: FlowEnergy,
  other: FlowEnergy,
  { starts, ends, kwh }: IntervalEnergy,
  i: number,
  edges: Float64Array,
  asOf: number,
): void {
  const [from, to] = [lowerBound(edges, starts[i]!), lowerBound(edges, ends[i]!)];
  if (to - from < 2 || edges[from] !== starts[i] || edges[to] !== ends[i]) return;
  let sum = 0;
  for (let s = from; s < to; s++) {
    if (other.knownMs[s]! < MIN_COURSE_SHARE * elapsedMs(edges, s, asOf)) return;
    sum += other.knownMs[s]! > 0 ? other.kwh[s]! : 0;
  }
  const ratio = kwh[i]! / sum;
  if (!(ratio >= 1 / AGREEMENT && ratio <= AGREEMENT)) return;
  for (let s = from; s < to; s++) flow.kwh[s] = other.knownMs[s]! > 0 ? other.kwh[s]! * ratio : 0;
}
