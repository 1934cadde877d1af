import { HOUR_MS, MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import type { Window } from '../../domain/time/window.ts';
import type { Steps } from '../energy/steps.ts';

/** Averaging interval of peak demand, as in utility billing and ISO 50001 practice. */
export const DEMAND_WINDOW_MS = 15 * MINUTE_MS;
/** Minimum known share of a rolling window. */
const MIN_COVERAGE_SHARE = 0.8;

export interface PeakDemand {
  /** Mean power over the rolling window, kW. */
  readonly kw: number;
  /** Start of that window, epoch milliseconds. */
  readonly from: number;
}

/**
 * The maximum mean power over a rolling window of 15 minutes, exact: for a power of constant stretches, the mean is highest in a window
 * that starts or ends at the boundary of a stretch, so only these are evaluated. Null without a window with sufficient coverage.
 * @param within the rolling window is entirely inside it
 */
export function peakDemand(steps: Steps, within: Window): PeakDemand | null {
  const { starts, ends, values } = steps;
  const count = starts.length;
  // Energy (kWh) and known time (ms) before each stretch.
  const energy = new Float64Array(count + 1);
  const known = new Float64Array(count + 1);
  for (let i = 0; i < count; i++) {
    const length = ends[i]! - starts[i]!;
    energy[i + 1] = energy[i]! + (values[i]! * length) / HOUR_MS;
    known[i + 1] = known[i]! + length;
  }
  const until = (instant: number, after: number) => {
    // `after` is the first stretch that ends after the instant.
    const inside = after < count ? Math.max(instant - starts[after]!, 0) : 0;
    return {
      kwh: energy[after]! + (inside * (values[after] ?? 0)) / HOUR_MS,
      ms: known[after]! + inside,
    };
  };
  let best: PeakDemand | null = null;
  for (const [edges, shift] of [
    [sortedWith(starts, within.start), 0],
    [sortedWith(ends, within.end), DEMAND_WINDOW_MS],
  ] as const) {
    let low = 0;
    let high = 0;
    for (const edge of edges) {
      const from = edge - shift;
      const to = from + DEMAND_WINDOW_MS;
      if (from < within.start || to > within.end) continue;
      while (low < count && ends[low]! <= from) low++;
      while (high < count && ends[high]! <= to) high++;
      const [before, after] = [until(from, low), until(to, high)];
      const ms = after.ms - before.ms;
      if (ms < MIN_COVERAGE_SHARE * DEMAND_WINDOW_MS) continue;
      const kw = ((after.kwh - before.kwh) * HOUR_MS) / ms;
      if (best === null || isBetter({ kw, from }, best)) best = { kw, from };
    }
  }
  return best;
}

/** Of windows that are equal within rounding, the earlier one is better. */
function isBetter(found: PeakDemand, best: PeakDemand): boolean {
  const rounding = 1e-9 * Math.abs(best.kw);
  return found.kw > best.kw + rounding || (found.kw >= best.kw - rounding && found.from < best.from);
}

function sortedWith(instants: Float64Array, another: number): Float64Array {
  const all = new Float64Array(instants.length + 1);
  all.set(instants);
  all[instants.length] = another;
  return all.sort();
}
