import type { Window } from '../../domain/time/window.ts';

/** A non-routine event: its total energy, spread evenly over the event; null excludes its slots. */
export interface Adjustment extends Window {
  readonly kwh: number | null;
}

/** The effect of adjustments on slots of time. */
export interface AdjustedSlots {
  /** kWh to add to the model's expected energy. */
  readonly kwh: Float64Array;
  /** 1 for an excluded slot. */
  readonly excluded: Uint8Array;
}

/**
 * Non-routine adjustments by slot (IPMVP Core Concepts, 4.6).
 * @param edges epoch milliseconds, ascending, one more than there are slots
 */
export function adjustSlots(edges: Float64Array, adjustments: readonly Adjustment[]): AdjustedSlots {
  const slots = Math.max(edges.length - 1, 0);
  const [kwh, excluded] = [new Float64Array(slots), new Uint8Array(slots)];
  for (const { start, end, kwh: amount } of adjustments) {
    for (let s = 0; s < slots; s++) {
      const shared = Math.min(edges[s + 1]!, end) - Math.max(edges[s]!, start);
      if (shared <= 0) continue;
      if (amount === null) excluded[s] = 1;
      else kwh[s] = kwh[s]! + (amount * shared) / (end - start);
    }
  }
  return { kwh, excluded };
}
