import { elapsedMs, type FlowEnergy } from './flow-energy.ts';
import { type Life, livedMs, untilLastReading } from './life.ts';

/** Both directions of one corner by slot. */
export interface CornerEnergy {
  readonly positive: FlowEnergy;
  readonly negative: FlowEnergy;
}

/** Energy of a corner as one device reports it, and the rank of the device (0 is preferred). */
export interface RankedFlow {
  readonly rank: number;
  readonly life: Life;
  readonly energy: FlowEnergy;
}

/** A device counts as silent in a slot if it covers less than this share of it. */
const MIN_KNOWN_SHARE = 0.5;

/**
 * Combines the flows of all devices that report a corner. Devices of the same rank are added; among ranks, the best one that is not silent
 * is used, slot by slot. If some devices of a rank are silent, the sum contains the others only, and the known share of the slot decreases.
 * A device is expected to report only during its life.
 */
export function combineDevices(flows: readonly RankedFlow[], edges: Float64Array, asOf: number): FlowEnergy {
  const ranks = [...new Set(flows.map(({ rank }) => rank))].sort((a, b) => a - b);
  const sums = ranks.map((rank) =>
    sumDevices(
      flows.filter((flow) => flow.rank === rank),
      edges,
      asOf,
    ),
  );
  const [only] = sums;
  if (only !== undefined && sums.length === 1) return only;
  return selectBest(sums, edges, asOf);
}

function sumDevices(devices: readonly RankedFlow[], edges: Float64Array, asOf: number): FlowEnergy {
  const [only] = devices;
  if (only !== undefined && devices.length === 1) return only.energy;
  const slots = edges.length - 1;
  const kwh = new Float64Array(slots).fill(Number.NaN);
  const knownMs = new Float64Array(slots);
  for (let s = 0; s < slots; s++) {
    let known = 0;
    for (const { energy } of devices) {
      const one = energy.kwh[s]!;
      if (one !== one) continue;
      const before = kwh[s]!;
      kwh[s] = (before === before ? before : 0) + one;
      known += energy.knownMs[s]!;
    }
    const elapsed = elapsedMs(edges, s, asOf);
    const expected = expectedMs(devices, edges[s]!, edges[s]! + elapsed);
    knownMs[s] = expected > 0 ? elapsed * Math.min(known / expected, 1) : known / devices.length;
  }
  return { kwh, knownMs };
}

/** Time that the devices should cover between two instants; silent devices count only if all are silent. */
function expectedMs(devices: readonly RankedFlow[], from: number, to: number): number {
  const sum = (lifeOf: (life: Life) => Pick<Life, 'start' | 'end'>) =>
    devices.reduce((total, { life }) => total + livedMs(lifeOf(life), from, to), 0);
  return sum(untilLastReading) || sum((life) => life);
}

function selectBest(ranks: readonly FlowEnergy[], edges: Float64Array, asOf: number): FlowEnergy {
  const slots = edges.length - 1;
  const kwh = new Float64Array(slots).fill(Number.NaN);
  const knownMs = new Float64Array(slots);
  for (let s = 0; s < slots; s++) {
    const enough = MIN_KNOWN_SHARE * elapsedMs(edges, s, asOf);
    let best: FlowEnergy | undefined;
    for (const rank of ranks) {
      const known = rank.knownMs[s]!;
      if (known > (best?.knownMs[s] ?? 0)) best = rank;
      if (known > 0 && known >= enough) break;
    }
    if (best === undefined) continue;
    kwh[s] = best.kwh[s]!;
    knownMs[s] = best.knownMs[s]!;
  }
  return { kwh, knownMs };
}
