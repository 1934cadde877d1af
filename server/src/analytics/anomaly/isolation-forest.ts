import { InvalidInput } from '../../domain/errors.ts';
import { quantileOf } from './robust.ts';

/** Parameters of a forest. */
export interface ForestOptions {
  readonly trees?: number;
  /** Rows in the sample of each tree. Loads have many normal shapes and need more than the 256 rows of the paper. */
  readonly sampleSize?: number;
  /** The same seed gives the same forest. */
  readonly seed: number;
}

/**
 * A grown forest: plain data, the nodes of all trees in one array. A node sends values below the threshold of its feature to `child`, others
 * to `child + 1`. A leaf has feature −1, and its `height` is the expected path length of its rows.
 */
export interface IsolationForest {
  readonly features: number;
  readonly roots: Int32Array;
  readonly feature: Int16Array;
  readonly threshold: Float64Array;
  readonly child: Int32Array;
  readonly height: Float64Array;
  /** Rows of the sample in each node: a missing value follows the majority. */
  readonly rows: Int32Array;
  /** Expected path length of the sample, which normalises path lengths. */
  readonly normal: number;
  /** Splits on the longest path. */
  readonly depth: number;
}

const TREES = 100;
const SAMPLE_SIZE = 2000;
const EULER = 0.5772156649015329;

/**
 * Grows an isolation forest: anomalies are few and different, so random splits isolate them after fewer steps.
 *
 * Source: F. T. Liu, K. M. Ting, Z.-H. Zhou, "Isolation Forest", ICDM 2008, algorithms 1–3, equations 1 and 2.
 *
 * @param columns one for each feature, all of the same length; NaN is missing
 * @throws InvalidInput if there are no rows, or if columns differ in length
 */
export function growForest(columns: readonly Float64Array[], options: ForestOptions): IsolationForest {
  const { trees = TREES, seed } = options;
  const count = columns[0]?.length ?? 0;
  if (count === 0) throw new InvalidInput('a forest needs at least one row with one feature');
  if (columns.some(({ length }) => length !== count)) throw new InvalidInput('all features must have as many rows');
  const size = Math.min(count, options.sampleSize ?? SAMPLE_SIZE);
  const depth = Math.max(1, Math.ceil(Math.log2(Math.max(size, 2))));
  const grower = new Grower(columns, randomOf(seed), depth);
  const roots = Int32Array.from({ length: trees }, () => grower.tree(size));
  return { ...grower.nodes(), features: columns.length, roots, normal: expectedHeight(size), depth };
}

/**
 * Scores rows from 0 to 1: close to 1 for rows that are isolated at once, about 0.5 or less for rows that resemble the others (equation 2).
 * Each row is scored independently; NaN is missing.
 */
export function scoreRows(forest: IsolationForest, columns: readonly Float64Array[]): Float64Array {
  const { features, roots, normal } = forest;
  if (columns.length !== features)
    throw new InvalidInput(`the forest was grown on ${features} features; got ${columns.length}`);
  const count = columns[0]?.length ?? 0;
  const sums = new Float64Array(count);
  const nodes = walkable(forest);
  const block = new Float64Array(BLOCK_ROWS * features);
  for (let from = 0; from < count; from += BLOCK_ROWS) {
    const rows = Math.min(BLOCK_ROWS, count - from);
    const isWhole = fillBlock(block, columns, from, rows);
    // Tree by tree: a tree stays in the processor's cache while the block goes through it.
    for (const root of roots) {
      if (isWhole) addHeights(nodes, root, block, features, sums.subarray(from, from + rows));
      else addHeightsWithGaps(forest, root, block, sums.subarray(from, from + rows));
    }
  }
  if (normal === 0) return sums.fill(0.5);
  for (let row = 0; row < count; row++) sums[row] = 2 ** (-sums[row]! / roots.length / normal);
  return sums;
}

/**
 * The score that a share of the rows, the contamination, exceeds.
 * @throws InvalidInput unless the contamination is above 0 and at most 0.5
 */
export function scoreLimit(scores: Float64Array, contamination: number): number {
  if (!(contamination > 0 && contamination <= 0.5))
    throw new InvalidInput(`contamination must be above 0 and at most 0.5; got ${contamination}`);
  return quantileOf(scores, 1 - contamination);
}

/** Nodes for traversal without branches: a leaf is its own child. */
interface Walkable {
  readonly feature: Int32Array;
  readonly threshold: Float64Array;
  readonly child: Int32Array;
  readonly height: Float64Array;
  readonly depth: number;
}

/** Rows that are scored together. */
const BLOCK_ROWS = 2048;

function walkable({ feature, threshold, child, height, depth }: IsolationForest): Walkable {
  return {
    feature: Int32Array.from(feature, (f) => Math.max(f, 0)),
    threshold: threshold.map((limit, node) => (feature[node] === -1 ? Number.POSITIVE_INFINITY : limit)),
    child: child.map((first, node) => (feature[node] === -1 ? node : first)),
    height,
    depth,
  };
}

/** Copies rows into a block; returns true if no value is missing. Infinite values count as missing: no threshold exceeds them. */
function fillBlock(block: Float64Array, columns: readonly Float64Array[], from: number, rows: number): boolean {
  const width = columns.length;
  let isWhole = true;
  columns.forEach((column, f) => {
    for (let row = 0; row < rows; row++) {
      const value = column[from + row]!;
      if (!Number.isFinite(value)) isWhole = false;
      block[row * width + f] = value;
    }
  });
  return isWhole;
}

/** Traverses a tree with four rows at a time, so that the processor works while it waits for memory. */
function addHeights(nodes: Walkable, root: number, block: Float64Array, width: number, sums: Float64Array): void {
  const { feature, threshold, child, height, depth } = nodes;
  const at = (row: number, node: number) => child[node]! + Number(block[row + feature[node]!]! >= threshold[node]!);
  const fours = sums.length - (sums.length % 4);
  for (let row = 0; row < fours; row += 4) {
    const a = row * width;
    const b = a + width;
    const c = b + width;
    const d = c + width;
    let [i, j, k, l] = [root, root, root, root];
    for (let step = 0; step < depth; step++) {
      i = at(a, i);
      j = at(b, j);
      k = at(c, k);
      l = at(d, l);
    }
    sums[row] = sums[row]! + height[i]!;
    sums[row + 1] = sums[row + 1]! + height[j]!;
    sums[row + 2] = sums[row + 2]! + height[k]!;
    sums[row + 3] = sums[row + 3]! + height[l]!;
  }
  for (let row = fours; row < sums.length; row++) {
    let node = root;
    for (let step = 0; step < depth; step++) node = at(row * width, node);
    sums[row] = sums[row]! + height[node]!;
  }
}

function addHeightsWithGaps(forest: IsolationForest, root: number, block: Float64Array, sums: Float64Array): void {
  const { features, feature, height } = forest;
  for (let row = 0; row < sums.length; row++) {
    let node = root;
    for (let f = feature[node]!; f >= 0; f = feature[node]!) {
      node = below(forest, node, block[row * features + f]!);
    }
    sums[row] = sums[row]! + height[node]!;
  }
}

/**
 * The features that isolate a row, as shares that add up to 1. The share of a feature is proportional to the decrease of the score when its
 * value is treated as missing (occlusion). Paths alone hardly distinguish features: every tree splits by all of them.
 */
export function attribute(forest: IsolationForest, row: readonly number[]): Float64Array {
  const scoreOf = (values: readonly number[]) =>
    scoreRows(
      forest,
      values.map((value) => Float64Array.of(value)),
    )[0]!;
  const score = scoreOf(row);
  const falls = Float64Array.from(row, (_, f) => Math.max(0, score - scoreOf(row.with(f, Number.NaN))));
  const all = falls.reduce((sum, one) => sum + one, 0);
  return all === 0 ? falls.fill(1 / row.length) : falls.map((one) => one / all);
}

/** The child to which a value belongs. */
function below({ threshold, child, rows }: IsolationForest, node: number, value: number): number {
  const first = child[node]!;
  if (value < threshold[node]!) return first;
  if (value === value) return first + 1;
  return rows[first]! >= rows[first + 1]! ? first : first + 1;
}

/** Mean path length of an unsuccessful search in a binary tree with this number of rows: equation 1. */
function expectedHeight(rows: number): number {
  if (rows <= 1) return 0;
  if (rows === 2) return 1;
  return 2 * (Math.log(rows - 1) + EULER) - (2 * (rows - 1)) / rows;
}

/** Grows trees into shared arrays of nodes. */
class Grower {
  readonly #columns: readonly Float64Array[];
  readonly #random: () => number;
  readonly #maxDepth: number;
  readonly #feature: number[] = [];
  readonly #threshold: number[] = [];
  readonly #child: number[] = [];
  readonly #height: number[] = [];
  readonly #rows: number[] = [];
  /** All rows, partially shuffled for each tree. */
  readonly #all: Int32Array;

  constructor(columns: readonly Float64Array[], random: () => number, maxDepth: number) {
    this.#columns = columns;
    this.#random = random;
    this.#maxDepth = maxDepth;
    this.#all = Int32Array.from({ length: columns[0]!.length }, (_, row) => row);
  }

  /** Grows a tree on a random sample; returns its root. */
  tree(size: number): number {
    const sample = this.#sample(size);
    const root = this.#add(size);
    this.#split(root, sample, 0, size, 0);
    return root;
  }

  /** Rows drawn without replacement (Fisher–Yates, as far as needed). */
  #sample(size: number): Int32Array {
    const all = this.#all;
    for (let i = 0; i < size; i++) {
      const j = i + Math.floor(this.#random() * (all.length - i));
      const taken = all[j]!;
      all[j] = all[i]!;
      all[i] = taken;
    }
    return all.slice(0, size);
  }

  nodes() {
    return {
      feature: Int16Array.from(this.#feature),
      threshold: Float64Array.from(this.#threshold),
      child: Int32Array.from(this.#child),
      height: Float64Array.from(this.#height),
      rows: Int32Array.from(this.#rows),
    };
  }

  #add(rows: number): number {
    this.#feature.push(-1);
    this.#threshold.push(Number.NaN);
    this.#child.push(-1);
    this.#height.push(0);
    this.#rows.push(rows);
    return this.#feature.length - 1;
  }

  #split(node: number, sample: Int32Array, from: number, to: number, depth: number): void {
    const choice = depth < this.#maxDepth && to - from > 1 ? this.#choose(sample, from, to) : null;
    if (choice === null) {
      this.#height[node] = depth + expectedHeight(to - from);
      return;
    }
    const { feature, threshold } = choice;
    const middle = this.#part(sample, from, to, feature, threshold);
    const first = this.#add(middle - from);
    this.#add(to - middle);
    this.#feature[node] = feature;
    this.#threshold[node] = threshold;
    this.#child[node] = first;
    this.#split(first, sample, from, middle, depth + 1);
    this.#split(first + 1, sample, middle, to, depth + 1);
  }

  /** A random feature that varies among the rows, and a random value within its range; null if no feature varies. */
  #choose(sample: Int32Array, from: number, to: number): { feature: number; threshold: number } | null {
    const open = this.#columns.map((_, feature) => feature);
    while (open.length > 0) {
      const at = Math.floor(this.#random() * open.length);
      const feature = open[at]!;
      const column = this.#columns[feature]!;
      let min = Number.POSITIVE_INFINITY;
      let max = Number.NEGATIVE_INFINITY;
      for (let i = from; i < to; i++) {
        const value = column[sample[i]!]!;
        if (!Number.isFinite(value)) continue;
        if (value < min) min = value;
        if (value > max) max = value;
      }
      if (min < max) {
        const threshold = min + this.#random() * (max - min);
        // In a very small range the threshold may be rounded to the minimum, which would leave one side empty.
        return { feature, threshold: threshold > min ? threshold : max };
      }
      open.splice(at, 1);
    }
    return null;
  }

  /** Moves rows below the threshold to the front; missing values follow the larger side. Returns the start of the other side. */
  #part(sample: Int32Array, from: number, to: number, feature: number, threshold: number): number {
    const column = this.#columns[feature]!;
    const below: number[] = [];
    const above: number[] = [];
    const missing: number[] = [];
    for (let i = from; i < to; i++) {
      const row = sample[i]!;
      const value = column[row]!;
      (value < threshold ? below : value >= threshold ? above : missing).push(row);
    }
    (below.length >= above.length ? below : above).push(...missing);
    sample.set(below, from);
    sample.set(above, from + below.length);
    return from + below.length;
  }
}

/** Reproducible random numbers in [0, 1) (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
