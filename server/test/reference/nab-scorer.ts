/**
 * The scoring rule of the Numenta Anomaly Benchmark (Lavin and Ahmad, "Evaluating Real-time Anomaly Detection Algorithms", ICMLA 2015,
 * section III): the first detection in a labelled window scores, and an earlier one scores more; every detection outside costs points, and fewer
 * shortly after a window; the first 15 % of a series, at most 750 rows, are ignored. The threshold, one for the whole corpus, is the one
 * with the best score. A detector that finds nothing scores 0; one that reports only the first row of every window scores 100.
 */

/** A scored series. */
export interface ScoredSeries {
  /** Epoch milliseconds, ascending. */
  readonly timestamps: Float64Array;
  /** First and last instant of each labelled window; both are rows of the series. */
  readonly windows: readonly (readonly [first: number, last: number])[];
  /** The detector's score of each row: higher is more anomalous. */
  readonly scores: Float64Array;
}

export const NAB_PROFILES = {
  standard: { truePositive: 1, falsePositive: 0.11, falseNegative: 1 },
  'reward low FP': { truePositive: 1, falsePositive: 0.22, falseNegative: 1 },
  'reward low FN': { truePositive: 1, falsePositive: 0.11, falseNegative: 2 },
} as const;
export type NabProfile = keyof typeof NAB_PROFILES;

export interface NabScore {
  /** Normalised: 0 finds nothing, 100 is perfect. */
  readonly score: number;
  /** Rows with at least this score are detections. */
  readonly threshold: number;
  /** Windows with a detection, and detections outside all windows. */
  readonly found: number;
  readonly falsePositives: number;
}

const PROBATION_SHARE = 0.15;
const MAX_PROBATION_ROWS = 750;

/** Number of rows at the beginning of a series that are ignored. */
export function probationRows(rows: number): number {
  return Math.ceil(Math.min(Math.floor(PROBATION_SHARE * rows), MAX_PROBATION_ROWS));
}

/** 2/(1 + e^5y) − 1 of the position y in a window: −1 at its first row, 0 right after its end (eq. 1 with the benchmark's slope). */
export function scaledSigmoid(position: number): number {
  return position > 3 ? -1 : 2 / (1 + Math.exp(5 * position)) - 1;
}

/** The best score that a single threshold for all series reaches. */
export function nabScore(corpus: readonly ScoredSeries[], profile: NabProfile): NabScore {
  const { truePositive, falsePositive, falseNegative } = NAB_PROFILES[profile];
  const rows = corpus.flatMap(judgedRows).sort((a, b) => b.score - a.score);
  const windows = corpus.reduce((count, series) => count + series.windows.length, 0);
  const gains = new Map<object, number>();
  let total = -falseNegative * windows;
  let falsePositives = 0;
  let best = { total, threshold: Number.POSITIVE_INFINITY, found: 0, falsePositives };
  for (const [i, { score, value, window }] of rows.entries()) {
    if (window === null) {
      total += falsePositive * value;
      falsePositives++;
    } else {
      const before = gains.get(window) ?? -falseNegative;
      const gain = Math.max(before, truePositive * value);
      gains.set(window, gain);
      total += gain - before;
    }
    if (rows[i + 1]?.score !== score && total > best.total) {
      best = { total, threshold: score, found: gains.size, falsePositives };
    }
  }
  const { total: reached, ...rest } = best;
  const score = (100 * (reached + falseNegative * windows)) / (windows * (truePositive + falseNegative));
  return { score, ...rest };
}

interface JudgedRow {
  readonly score: number;
  /** Within a window from just above 0 to 1, outside from −1 to 0. */
  readonly value: number;
  readonly window: object | null;
}

function judgedRows({ timestamps, windows, scores }: ScoredSeries): JudgedRow[] {
  const edges = windows.map(([first, last]) => ({ from: rowAt(timestamps, first), to: rowAt(timestamps, last) }));
  const judged: JudgedRow[] = [];
  const probation = probationRows(timestamps.length);
  let next = 0;
  for (let row = 0; row < timestamps.length; row++) {
    while (next < edges.length && row > edges[next]!.to) next++;
    const window = edges[next];
    const before = edges[next - 1];
    const isInside = window !== undefined && row >= window.from;
    if (row < probation) continue;
    judged.push({
      score: scores[row]!,
      value: isInside
        ? scaledSigmoid((row - window.to - 1) / (window.to - window.from + 1)) / scaledSigmoid(-1)
        : before === undefined
          ? -1
          : scaledSigmoid((row - before.to) / (before.to - before.from)),
      window: isInside ? window : null,
    });
  }
  return judged;
}

function rowAt(timestamps: Float64Array, instant: number): number {
  const row = timestamps.indexOf(instant);
  if (row < 0) throw new Error(`a window's edge ${new Date(instant).toISOString()} is no row of its series`);
  return row;
}
