import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import type { AggregateOptions } from '../../domain/columns/aggregate.ts';
import { lowerBound, type Series } from '../../domain/columns/frame.ts';
import { validUntil } from '../../domain/time/cadence.ts';
import type { Window } from '../../domain/time/window.ts';

/** A power as constant stretches, ascending, without overlap; unknown between them. */
export interface Steps {
  /** Epoch milliseconds; stretch `i` is `[starts[i], ends[i])`. */
  readonly starts: Float64Array;
  readonly ends: Float64Array;
  readonly values: Float64Array;
}

/** Energy by slot, split by the sign of the power before integration; NaN and 0 ms in slots without a known power. */
export interface SignedEnergy {
  /** kWh while the power was positive. */
  readonly positive: Float64Array;
  /** kWh while the power was negative, as a positive number. */
  readonly negative: Float64Array;
  readonly coveredMs: Float64Array;
}

/** A series as constant stretches: each sample is valid until the next; gaps remain open. */
export function stepsOf(series: Series, options: AggregateOptions): Steps {
  const { timestamps, values } = series;
  const ends = validUntil(series, options).map((end) => Math.min(end, options.asOf));
  const length = lowerBound(timestamps, options.asOf);
  return { starts: timestamps.subarray(0, length), ends: ends.subarray(0, length), values: values.subarray(0, length) };
}

/** Σ factor × steps, on the stretches in which all parts are known. */
export function combineSteps(parts: readonly { readonly steps: Steps; readonly factor: number }[]): Steps {
  const instants = new Set<number>();
  for (const { steps } of parts) {
    for (const start of steps.starts) instants.add(start);
    for (const end of steps.ends) instants.add(end);
  }
  const edges = Float64Array.from(instants).sort();
  const starts: number[] = [];
  const ends: number[] = [];
  const values: number[] = [];
  const cursors = parts.map(() => 0);
  for (let e = 0; e + 1 < edges.length; e++) {
    const from = edges[e]!;
    let value = 0;
    for (let p = 0; p < parts.length; p++) {
      const { steps, factor } = parts[p]!;
      let at = cursors[p]!;
      while (at < steps.ends.length && steps.ends[at]! <= from) at++;
      cursors[p] = at;
      const isKnown = at < steps.starts.length && steps.starts[at]! <= from;
      value += isKnown ? factor * steps.values[at]! : Number.NaN;
    }
    if (value !== value) continue;
    starts.push(from);
    ends.push(edges[e + 1]!);
    values.push(value);
  }
  return { starts: Float64Array.from(starts), ends: Float64Array.from(ends), values: Float64Array.from(values) };
}

/** Fills the gaps of the steps within the windows with a value. Windows ascend and do not overlap. */
export function fillSteps(steps: Steps, windows: readonly Window[], value: number): Steps {
  const filled: [start: number, end: number, value: number][] = [];
  let at = 0;
  const takeUntil = (instant: number) => {
    for (; at < steps.starts.length && steps.starts[at]! < instant; at++) {
      filled.push([steps.starts[at]!, steps.ends[at]!, steps.values[at]!]);
    }
  };
  for (const { start, end } of windows) {
    takeUntil(start);
    let from = Math.max(start, filled.at(-1)?.[1] ?? start);
    while (from < end) {
      const until = Math.min(steps.starts[at] ?? end, end);
      if (until > from) filled.push([from, until, value]);
      if (until === end) break;
      takeUntil(until + 1);
      from = Math.max(until, filled.at(-1)![1]);
    }
  }
  takeUntil(Number.POSITIVE_INFINITY);
  return {
    starts: Float64Array.from(filled, ([start]) => start),
    ends: Float64Array.from(filled, ([, end]) => end),
    values: Float64Array.from(filled, ([, , held]) => held),
  };
}

/** Integrates steps over slots; power in kW gives kWh. */
export function splitSteps(steps: Steps, edges: Float64Array): SignedEnergy {
  const slots = Math.max(edges.length - 1, 0);
  const positive = new Float64Array(slots).fill(Number.NaN);
  const negative = new Float64Array(slots).fill(Number.NaN);
  const coveredMs = new Float64Array(slots);
  let slot = 0;
  for (let i = 0; i < steps.starts.length; i++) {
    const start = steps.starts[i]!;
    const end = steps.ends[i]!;
    const value = steps.values[i]!;
    while (slot < slots && edges[slot + 1]! <= start) slot++;
    for (let s = slot; s < slots && edges[s]! < end; s++) {
      const covered = Math.min(end, edges[s + 1]!) - Math.max(start, edges[s]!);
      if (covered <= 0) continue;
      if (coveredMs[s] === 0) positive[s] = negative[s] = 0;
      coveredMs[s] = coveredMs[s]! + covered;
      const kwh = (value * covered) / HOUR_MS;
      if (kwh > 0) positive[s] = positive[s]! + kwh;
      else negative[s] = negative[s]! - kwh;
    }
  }
  return { positive, negative, coveredMs };
}

/** The maximum within a window and the first instant at which it was reached; null without known values. */
export function maxOf(steps: Steps, window: Window): { value: number; instant: number } | null {
  let max: { value: number; instant: number } | null = null;
  for (let i = 0; i < steps.starts.length; i++) {
    const instant = Math.max(steps.starts[i]!, window.start);
    if (instant >= Math.min(steps.ends[i]!, window.end)) continue;
    const value = steps.values[i]!;
    if (max === null || value > max.value) max = { value, instant };
  }
  return max;
}
