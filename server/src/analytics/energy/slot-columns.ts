import type { Derivation, SiteSlots } from './balance.ts';
import { CORNERS, type Corner } from './corners.ts';

const COLUMNS = ['solar', 'charge', 'discharge', 'imported', 'exported', 'load', 'vehicle', 'machines'] as const;

/** Slots `from … to` (without `to`), sharing memory. */
export function sliceSlots(slots: SiteSlots, from: number, to: number): SiteSlots {
  const byCorner = (columns: SiteSlots['knownMs']) =>
    Object.fromEntries(CORNERS.map((corner) => [corner, columns[corner].subarray(from, to)])) as SiteSlots['knownMs'];
  const columns = Object.fromEntries(COLUMNS.map((column) => [column, slots[column].subarray(from, to)]));
  return {
    ...slots,
    ...(columns as Pick<SiteSlots, (typeof COLUMNS)[number]>),
    edges: slots.edges.subarray(from, to + 1),
    knownMs: byCorner(slots.knownMs),
    measuredMs: byCorner(slots.measuredMs),
    derived: slots.derived.map((derivation) => ({ ...derivation, slots: derivation.slots.subarray(from, to) })),
  };
}

/** Concatenates consecutive parts of a site; each starts at the end of the previous one. */
export function joinSlots(parts: readonly SiteSlots[]): SiteSlots {
  const [first] = parts;
  if (first === undefined) throw new RangeError('at least one part of slots is required; got none');
  if (parts.length === 1) return first;
  const counts = parts.map((part) => part.edges.length - 1);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const join = (columnOf: (part: SiteSlots) => Float64Array) => {
    const joined = new Float64Array(total);
    let at = 0;
    for (const [p, part] of parts.entries()) {
      joined.set(columnOf(part), at);
      at += counts[p]!;
    }
    return joined;
  };
  const byCorner = (key: 'knownMs' | 'measuredMs') =>
    Object.fromEntries(CORNERS.map((corner) => [corner, join((part) => part[key][corner])])) as Record<
      Corner,
      Float64Array
    >;
  const columns = Object.fromEntries(COLUMNS.map((column) => [column, join((part) => part[column])]));
  const edges = new Float64Array(total + 1);
  edges.set(join((part) => part.edges.subarray(0, -1)));
  edges[total] = parts.at(-1)?.edges.at(-1) as number;
  return {
    ...first,
    ...(columns as Pick<SiteSlots, (typeof COLUMNS)[number]>),
    edges,
    knownMs: byCorner('knownMs'),
    measuredMs: byCorner('measuredMs'),
    derived: joinDerivations(parts, counts, total),
  };
}

function joinDerivations(parts: readonly SiteSlots[], counts: readonly number[], total: number): Derivation[] {
  const joined = new Map<string, Derivation>();
  let at = 0;
  for (const [p, part] of parts.entries()) {
    for (const { corner, from, slots } of part.derived) {
      const key = `${corner} ${from}`;
      const derivation = joined.get(key) ?? { corner, from, slots: new Uint8Array(total) };
      joined.set(key, derivation);
      derivation.slots.set(slots, at);
    }
    at += counts[p]!;
  }
  return [...joined.values()];
}
