/** One series as received: instants ascending, null for an empty bucket. */
export interface SeriesInput {
  readonly times: readonly number[];
  readonly values: readonly (number | null)[];
  /** Minimum and maximum of each bucket, for aggregated series. */
  readonly low?: readonly (number | null)[];
  readonly high?: readonly (number | null)[];
  /** A longer silence between two samples is a gap. Infinity: only nulls are gaps. */
  readonly gapMs: number;
}

/** A cell is a value, null in a gap, or undefined at an instant that only another series has. */
export type Cell = number | null | undefined;

export interface FrameColumn {
  readonly values: readonly Cell[];
  readonly low: readonly Cell[] | undefined;
  readonly high: readonly Cell[] | undefined;
}

/** Several series on one time axis, as columns. */
export interface Frame {
  readonly times: readonly number[];
  readonly columns: readonly FrameColumn[];
}

export interface Interval {
  readonly start: number;
  readonly end: number;
}

/** Aligns series on one time axis. Lines break at a null and at a silence longer than `gapMs`; an instant of another series is no gap. */
export function alignSeries(inputs: readonly SeriesInput[]): Frame {
  const broken = inputs.map(breakAtSilences);
  const times = [...new Set(broken.flatMap(({ times: own }) => own))].sort((a, b) => a - b);
  const rows = new Map(times.map((time, row) => [time, row]));
  const columns = broken.map(({ times: own, values, low, high }) => {
    const spread = (cells: readonly (number | null)[] | undefined) => {
      if (!cells) return undefined;
      const column = new Array<Cell>(times.length).fill(undefined);
      own.forEach((time, i) => {
        column[rows.get(time)!] = cells[i] ?? null;
      });
      return column;
    };
    return { values: spread(values)!, low: spread(low), high: spread(high) };
  });
  return { times, columns };
}

/** Inserts a null after each sample that is followed by a silence longer than `gapMs`. */
function breakAtSilences(input: SeriesInput): SeriesInput {
  const { times, values, low, high, gapMs } = input;
  const breaks = times.flatMap((time, i) => ((times[i + 1] ?? time) - time > gapMs ? [i] : []));
  if (breaks.length === 0) return input;
  const insert = <T>(cells: readonly T[], cell: (i: number) => T) => {
    const out: T[] = [];
    let from = 0;
    for (const i of breaks) {
      out.push(...cells.slice(from, i + 1), cell(i));
      from = i + 1;
    }
    return [...out, ...cells.slice(from)];
  };
  return {
    gapMs,
    times: insert(times, (i) => times[i]! + 1),
    values: insert<number | null>(values, () => null),
    ...(low ? { low: insert<number | null>(low, () => null) } : {}),
    ...(high ? { high: insert<number | null>(high, () => null) } : {}),
  };
}

/** The shortest silence between raw samples that counts as a gap: three times the expected interval, or five times the usual one. */
export function gapLimitMs(times: readonly number[], expectedIntervalMs: number | null): number {
  if (times.length < 3) return Number.POSITIVE_INFINITY;
  const steps = times.slice(1).map((time, i) => time - times[i]!);
  steps.sort((a, b) => a - b);
  const usual = steps[Math.floor(steps.length / 2)]!;
  return Math.max(5 * usual, 3 * (expectedIntervalMs ?? 0));
}

/** The gaps of a column: between values, before the first one and after the last one in the window. */
export function gapsOf(times: readonly number[], values: readonly Cell[], window: Interval): Interval[] {
  const gaps: Interval[] = [];
  let open: number | null = window.start;
  let lastValue: number | null = null;
  times.forEach((time, i) => {
    const value = values[i];
    if (value === undefined) return;
    if (value === null) {
      open ??= lastValue ?? time;
      return;
    }
    if (open !== null && time > open) gaps.push({ start: open, end: time });
    open = null;
    lastValue = time;
  });
  if (open !== null && lastValue !== null && open < window.end) gaps.push({ start: open, end: window.end });
  return gaps;
}

/** The intersection of several lists of gaps. */
export function commonGaps(lists: readonly (readonly Interval[])[]): Interval[] {
  const [first = [], ...others] = lists;
  return others.reduce<Interval[]>(
    (common, gaps) =>
      common.flatMap((a) =>
        gaps.flatMap((b) => {
          const start = Math.max(a.start, b.start);
          const end = Math.min(a.end, b.end);
          return start < end ? [{ start, end }] : [];
        }),
      ),
    [...first],
  );
}
