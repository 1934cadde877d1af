/** A node of a decision tree; `feature` is −1 in a leaf. */
interface Node {
  readonly feature: number;
  /** Rows with at most this bin go to the left child. */
  readonly bin: number;
  readonly left: Node | null;
  readonly right: Node | null;
  readonly value: number;
}

export interface BoostOptions {
  readonly rounds: number;
  readonly learningRate: number;
  readonly depth: number;
  readonly minRows: number;
}

const BINS = 48;

/**
 * Gradient boosting of regression trees for the minimum sum of absolute errors (Friedman, Ann. Stat. 29 (2001) 1189, algorithm 3): each
 * tree is grown on the signs of the remaining errors, and each leaf adds a share of the median error of its rows.
 * @param columns features of the training rows, then of the rows to predict; NaN counts as the smallest value
 * @param errors to explain, of the training rows
 * @param weights of the training rows; 0 excludes a row
 * @returns the sum of the trees for every row
 */
export function boost(
  columns: readonly Float64Array[],
  errors: Float64Array,
  weights: Float64Array,
  { rounds, learningRate, depth, minRows }: BoostOptions,
): Float64Array {
  const all = columns[0]?.length ?? 0;
  const rows = Int32Array.from([...errors.keys()].filter((r) => weights[r] !== 0));
  const bins = columns.map((column) => binned(column, rows));
  const left = errors.slice();
  const added = new Float64Array(all);
  const signs = new Float64Array(errors.length);
  for (let round = 0; round < rounds; round++) {
    for (const r of rows) signs[r] = Math.sign(left[r]!) * weights[r]!;
    const tree = grow(rows, depth, { bins, signs, weights, errors: left, minRows });
    for (let r = 0; r < all; r++) {
      const step = learningRate * leafValue(tree, bins, r);
      added[r] = added[r]! + step;
      if (r < left.length) left[r] = left[r]! - step;
    }
  }
  return added;
}

interface Growing {
  readonly bins: readonly Uint8Array[];
  readonly signs: Float64Array;
  readonly weights: Float64Array;
  readonly errors: Float64Array;
  readonly minRows: number;
}

function grow(rows: Int32Array, depth: number, growing: Growing): Node {
  const split = depth > 0 && rows.length >= 2 * growing.minRows ? bestSplit(rows, growing) : null;
  if (split === null) {
    return { feature: -1, bin: 0, left: null, right: null, value: medianOf(rows, growing.errors) };
  }
  const { left, right } = divide(rows, growing.bins[split.feature]!, split.bin);
  return { ...split, left: grow(left, depth - 1, growing), right: grow(right, depth - 1, growing), value: 0 };
}

/** Rows up to a bin, and the others, both in order. */
function divide(rows: Int32Array, column: Uint8Array, bin: number): { left: Int32Array; right: Int32Array } {
  const [left, right] = [new Int32Array(rows.length), new Int32Array(rows.length)];
  let [lefts, rights] = [0, 0];
  for (let i = 0; i < rows.length; i++) {
    const r = rows[i]!;
    if (column[r]! <= bin) left[lefts++] = r;
    else right[rights++] = r;
  }
  return { left: left.subarray(0, lefts), right: right.subarray(0, rights) };
}

/** The split with the largest reduction of the squared sum of signs. */
function bestSplit(
  rows: Int32Array,
  { bins, signs, weights, minRows }: Growing,
): { feature: number; bin: number } | null {
  let [total, weight] = [0, 0];
  for (let i = 0; i < rows.length; i++) {
    total += signs[rows[i]!]!;
    weight += weights[rows[i]!]!;
  }
  let best: { feature: number; bin: number } | null = null;
  let maxGain = (total * total) / weight + 1e-9;
  const [sums, loads, counts] = [new Float64Array(BINS), new Float64Array(BINS), new Int32Array(BINS)];
  for (const [feature, column] of bins.entries()) {
    sums.fill(0);
    loads.fill(0);
    counts.fill(0);
    for (let i = 0; i < rows.length; i++) {
      const r = rows[i]!;
      const bin = column[r]!;
      sums[bin] = sums[bin]! + signs[r]!;
      loads[bin] = loads[bin]! + weights[r]!;
      counts[bin] = counts[bin]! + 1;
    }
    let [sum, load, count] = [0, 0, 0];
    for (let bin = 0; bin < BINS - 1; bin++) {
      sum += sums[bin]!;
      load += loads[bin]!;
      count += counts[bin]!;
      if (count < minRows || rows.length - count < minRows) continue;
      const gain = (sum * sum) / load + (total - sum) ** 2 / (weight - load);
      if (gain > maxGain) {
        maxGain = gain;
        best = { feature, bin };
      }
    }
  }
  return best;
}

function leafValue(tree: Node, bins: readonly Uint8Array[], row: number): number {
  let node = tree;
  while (node.feature >= 0) {
    node = bins[node.feature]![row]! <= node.bin ? (node.left as Node) : (node.right as Node);
  }
  return node.value;
}

/** Assigns values to bins with about equal numbers of rows. */
function binned(column: Float64Array, rows: Int32Array): Uint8Array {
  const sorted = Float64Array.from(rows, (r) => column[r]!)
    .filter((value) => value === value)
    .sort();
  const limits = [
    ...new Set(Array.from({ length: BINS - 1 }, (_, b) => sorted[Math.floor(((b + 1) * sorted.length) / BINS)]!)),
  ];
  return Uint8Array.from(column, (value) => {
    let [from, to] = [0, limits.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if (limits[middle]! < value) from = middle + 1;
      else to = middle;
    }
    return from;
  });
}

function medianOf(rows: Int32Array, errors: Float64Array): number {
  const sorted = Float64Array.from(rows, (r) => errors[r]!).sort();
  return sorted.length === 0 ? 0 : sorted[sorted.length >> 1]!;
}
