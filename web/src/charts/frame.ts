/** One series as it came: instants ascending, null where a bucket is empty. */
export interface SeriesInput {
  readonly times: readonly number[];
  readonly values: readonly (number | null)[];
  /** Least and greatest value of each bucket, where it was aggregated. */
  readonly low?: readonly (number | null)[];
  readonly high?: readonly (number | null)[];
  /** A longer silence between two samples is a gap. Infinity: only nulls are. */
  readonly gapMs: number;
}

/** A cell is a value, null for a gap that must stay open, undefined where only another series has an instant. */
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

/** Lays series on one time axis. No line may cross a null or a silence longer than its `gapMs`; mere misalignment is no gap. */
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

/** Puts a null behind each sample that is followed by too long a silence. */
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

/** The silence that counts as a gap among raw samples: three times what is expected, or five times what is usual. */
export function gapLimitMs(times: readonly number[], expectedIntervalMs: number | null): number {
  if (times.length < 3) return Number.POSITIVE_INFINITY;
  const steps = times.slice(1).map((time, i) => time - times[i]!);
  steps.sort((a, b) => a - b);
  const usual = steps[Math.floor(steps.length / 2)]!;
  return Math.max(5 * usual, 3 * (expectedIntervalMs ?? 0));
}

/** Where a column has nothing between two values, or before the first and behind the last within the window. */
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

/** The parts of the window that lie in every one of the given lists of gaps. */
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
