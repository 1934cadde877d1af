import { elapsedMs, type FlowEnergy } from './flow-energy.ts';

/** Both directions of one corner by slot. */
export interface CornerEnergy {
  readonly positive: FlowEnergy;
  readonly negative: FlowEnergy;
}

/** What one device reports of a corner, and how much it is believed (0 first). */
export interface RankedFlow {
  readonly rank: number;
  readonly energy: FlowEnergy;
}

/** A better device counts as silent in a slot of which it knows less than this share. */
const SILENT_BELOW = 0.5;

/**
 * One flow of a corner from all devices that report it: devices of one rank add up, and of several ranks the best that is not
 * silent counts, slot by slot. Where one of several equal devices is silent the sum is that of the others, and less of the slot
 * counts as known.
 */
export function combineDevices(flows: readonly RankedFlow[], edges: Float64Array, asOf: number): FlowEnergy {
  const ranks = [...new Set(flows.map(({ rank }) => rank))].sort((a, b) => a - b);
  const sums = ranks.map((rank) =>
    sumDevices(
      flows.filter((flow) => flow.rank === rank).map(({ energy }) => energy),
      edges.length - 1,
    ),
  );
  const [only] = sums;
  if (only !== undefined && sums.length === 1) return only;
  return believeBest(sums, edges, asOf);
}

function sumDevices(devices: readonly FlowEnergy[], slots: number): FlowEnergy {
  const [only] = devices;
  if (only !== undefined && devices.length === 1) return only;
  const kwh = new Float64Array(slots).fill(Number.NaN);
  const knownMs = new Float64Array(slots);
  for (const device of devices) {
    for (let s = 0; s < slots; s++) {
      const energy = device.kwh[s] as number;
      if (energy !== energy) continue;
      const before = kwh[s] as number;
      kwh[s] = (before === before ? before : 0) + energy;
      knownMs[s] = (knownMs[s] as number) + (device.knownMs[s] as number) / devices.length;
    }
  }
  return { kwh, knownMs };
}

function believeBest(ranks: readonly FlowEnergy[], edges: Float64Array, asOf: number): FlowEnergy {
  const slots = edges.length - 1;
  const kwh = new Float64Array(slots).fill(Number.NaN);
  const knownMs = new Float64Array(slots);
  for (let s = 0; s < slots; s++) {
    const enough = SILENT_BELOW * elapsedMs(edges, s, asOf);
    let best: FlowEnergy | undefined;
    for (const rank of ranks) {
      const known = rank.knownMs[s] as number;
      if (known > (best?.knownMs[s] ?? 0)) best = rank;
      if (known > 0 && known >= enough) break;
    }
    if (best === undefined) continue;
    kwh[s] = best.kwh[s] as number;
    knownMs[s] = best.knownMs[s] as number;
  }
  return { kwh, knownMs };
}
