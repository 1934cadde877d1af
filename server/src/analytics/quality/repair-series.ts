import type { RepairOperation } from '@wattkeeper/contract/storage/repair.ts';
import { lowerBound, type Series } from '../../domain/columns/frame.ts';
import { InvalidInput } from '../../domain/errors.ts';
import type { Window } from '../../domain/time/window.ts';

/** Samples that a repair removes and samples that it adds, each strictly ascending in time. */
export interface SeriesChange {
  readonly before: Series;
  readonly after: Series;
}

/** Minimum distance of two samples around a gap that is filled, in cadences. */
const GAP_CADENCES = 1.5;

/**
 * The part of a change that is not yet made. A change is made completely or not at all: nothing remains if the series shows that it was
 * made; otherwise the samples that are unchanged remain, since others may have arrived later.
 */
export function remainingChange({ before, after }: SeriesChange, series: Series): SeriesChange {
  const [was, becomes, is] = [before, after, series].map(byInstant) as [Samples, Samples, Samples];
  const instants = [...new Set([...was.keys(), ...becomes.keys()])];
  const isMade = instants.some((at) => is.get(at) === becomes.get(at) && becomes.get(at) !== was.get(at));
  const left = (of: Series): Series => {
    const rows = isMade ? [] : [...of.timestamps.keys()].filter((row) => isAsItWas(of.timestamps[row]!));
    const pick = (column: Float64Array) => Float64Array.from(rows, (row) => column[row]!);
    return { timestamps: pick(of.timestamps), values: pick(of.values) };
  };
  const isAsItWas = (at: number) => is.get(at) === was.get(at);
  return { before: left(before), after: left(after) };
}

type Samples = ReadonlyMap<number, number>;

function byInstant({ timestamps, values }: Series): Samples {
  return new Map(Array.from(timestamps, (at, row) => [at, values[row]!]));
}

/**
 * The change that an operation makes to a series.
 *
 * @param series samples of the window, the nearest sample on each side if any, and, for a shift, the samples at the destination
 * @param cadenceMs usual interval of samples, with which gaps are filled; null if unknown: gaps remain
 * @throws InvalidInput if there is nothing to repair or no sample to interpolate from
 */
export function repairSeries(
  series: Series,
  window: Window,
  operation: RepairOperation,
  cadenceMs: number | null,
): SeriesChange {
  const from = lowerBound(series.timestamps, window.start);
  const to = lowerBound(series.timestamps, window.end);
  const before = { timestamps: series.timestamps.slice(from, to), values: series.values.slice(from, to) };
  if (operation.type === 'interpolate') return { before, after: interpolated(series, from, to, window, cadenceMs) };
  if (before.timestamps.length === 0) throw new InvalidInput('there is no sample in the window');
  switch (operation.type) {
    case 'delete':
      return { before, after: { timestamps: new Float64Array(), values: new Float64Array() } };
    case 'scale':
      return { before, after: withValues(before, (value) => value * operation.factor + operation.offset) };
    case 'set':
      return { before, after: withValues(before, () => operation.value) };
    case 'shift':
      return shifted(series, before, Math.round(operation.seconds * 1000));
  }
}

function withValues({ timestamps, values }: Series, change: (value: number) => number): Series {
  return { timestamps, values: values.map(change) };
}

/** Moved samples replace those at their destination. */
function shifted(series: Series, moved: Series, byMs: number): SeriesChange {
  const targets = moved.timestamps.map((instant) => instant + byMs);
  const taken = new Map(Array.from(moved.timestamps, (instant, i) => [instant, moved.values[i]!]));
  for (const instant of targets) {
    const at = lowerBound(series.timestamps, instant);
    if (series.timestamps[at] === instant) taken.set(instant, series.values[at]!);
  }
  const instants = Float64Array.from(taken.keys()).sort();
  return {
    before: { timestamps: instants, values: instants.map((instant) => taken.get(instant) as number) },
    after: { timestamps: targets, values: moved.values },
  };
}

function interpolated(
  { timestamps, values }: Series,
  from: number,
  to: number,
  { start, end }: Window,
  cadenceMs: number | null,
): Series {
  const [left, right] = [timestamps[from - 1], timestamps[to]];
  if (left === undefined || right === undefined) {
    const side = left === undefined ? 'before' : 'after';
    throw new InvalidInput(`there is no sample ${side} the window to interpolate from`);
  }
  const instants: number[] = [];
  for (let i = from; i <= to; i++) {
    const last = i === from ? left : timestamps[i - 1]!;
    const next = timestamps[i]!;
    if (cadenceMs !== null && next - last > GAP_CADENCES * cadenceMs) {
      for (let at = last + cadenceMs; at < next - cadenceMs / 2; at += cadenceMs) {
        if (at >= start && at < end) instants.push(Math.round(at));
      }
    }
    if (i < to) instants.push(next);
  }
  if (instants.length === 0)
    throw new InvalidInput('there is no sample in the window, and the reporting interval is unknown');
  const [a, b] = [values[from - 1]!, values[to]!];
  const axis = Float64Array.from(instants);
  return { timestamps: axis, values: axis.map((instant) => a + ((b - a) * (instant - left)) / (right - left)) };
}
