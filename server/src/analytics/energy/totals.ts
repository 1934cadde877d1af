import type { BalancedCorner, SiteSlots } from './balance.ts';
import { CORNERS, type Corner } from './corners.ts';
import { elapsedMs } from './flow-energy.ts';
import { type FlowColumns, type SpanFlows, spanFlows, sumKnown } from './flows.ts';

/** A site's energy over a span of slots; null without any known slot. */
export interface SiteTotals {
  readonly solarKwh: number | null;
  readonly consumptionKwh: number | null;
  readonly importKwh: number | null;
  readonly exportKwh: number | null;
  readonly chargedKwh: number | null;
  readonly dischargedKwh: number | null;
  readonly vehicleKwh: number | null;
  readonly machinesKwh: number | null;
  /** Null if no slot has all corners known. */
  readonly flows: SpanFlows | null;
  readonly carbonKg: number | null;
  /** Known share of the elapsed time: every corner that the site reports, or that can be derived, is known. */
  readonly coverage: number;
  /** Share of the elapsed time that each corner's own samples and counters cover; only corners that report. */
  readonly measuredCoverage: Readonly<Partial<Record<Corner, number>>>;
}

/**
 * Returns a function that sums slots `from … to` (without `to`).
 * @param flows of these slots
 * @param carbonKgPerKwh carbon intensity of the grid, by slot
 * @param reported corners that at least one device reports
 */
export function totalsBySpan(
  slots: SiteSlots,
  flows: FlowColumns,
  carbonKgPerKwh: Float64Array,
  reported: ReadonlySet<Corner>,
): (from: number, to: number) => SiteTotals {
  const carbonKg = slots.imported.map((kwh, s) => kwh * carbonKgPerKwh[s]!);
  const covering = coveringCorners(slots, reported);
  return (from, to) => {
    const sum = (column: Float64Array) => sumKnown(column, from, to);
    const share = (knownMs: Float64Array) => shareOf(slots, knownMs, from, to);
    const shares = covering.map((corner) => share(slots.knownMs[corner]));
    return {
      solarKwh: sum(slots.solar),
      consumptionKwh: sum(slots.load),
      importKwh: sum(slots.imported),
      exportKwh: sum(slots.exported),
      chargedKwh: sum(slots.charge),
      dischargedKwh: sum(slots.discharge),
      vehicleKwh: sum(slots.vehicle),
      machinesKwh: sum(slots.machines),
      flows: spanFlows(flows, from, to),
      carbonKg: sum(carbonKg),
      coverage: shares.length > 0 ? Math.min(...shares) : 0,
      measuredCoverage: Object.fromEntries(
        CORNERS.filter((corner) => reported.has(corner)).map((corner) => [corner, share(slots.measuredMs[corner])]),
      ),
    };
  };
}

/** Corners that must be known in a covered slot: those of the balance that are reported or derived. */
function coveringCorners(slots: SiteSlots, reported: ReadonlySet<Corner>): readonly Corner[] {
  const balanced: readonly BalancedCorner[] = slots.present.filter(
    (corner) => reported.has(corner) || slots.knownMs[corner].some((ms) => ms > 0),
  );
  return balanced.length > 0 ? balanced : [...reported];
}

function shareOf(slots: SiteSlots, knownMs: Float64Array, from: number, to: number): number {
  let known = 0;
  let passed = 0;
  for (let s = from; s < to; s++) {
    known += knownMs[s]!;
    passed += elapsedMs(slots.edges, s, slots.asOf);
  }
  return passed > 0 ? Math.min(known / passed, 1) : 0;
}
