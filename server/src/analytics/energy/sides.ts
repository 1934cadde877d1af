import type { SiteSlots } from './balance.ts';

/** Both sides of solar + import + discharge = load + export + charge. */
export interface Sides {
  readonly inKwh: number;
  readonly outKwh: number;
}

/** Both sides over the slots in which every corner is measured completely; null without such slots. */
export function measuredSides(slots: SiteSlots): Sides | null {
  const of = (column: Float64Array, s: number) => column[s] || 0;
  let inKwh = 0;
  let outKwh = 0;
  let counted = 0;
  for (let s = 0; s + 1 < slots.edges.length; s++) {
    const length = slots.edges[s + 1]! - slots.edges[s]!;
    if (slots.present.some((corner) => slots.measuredMs[corner][s]! < length)) continue;
    inKwh += of(slots.solar, s) + of(slots.imported, s) + of(slots.discharge, s);
    outKwh += of(slots.load, s) + of(slots.exported, s) + of(slots.charge, s);
    counted++;
  }
  return counted === 0 ? null : { inKwh, outKwh };
}
