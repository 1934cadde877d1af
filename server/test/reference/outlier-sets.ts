/** Rows that include outliers, generated deterministically. */
export interface OutlierSet {
  readonly columns: readonly Float64Array[];
  /** 1: an outlier. */
  readonly labels: Uint8Array;
  /**
   * Area under the ROC curve of scikit-learn 1.x's IsolationForest (100 trees, max_samples = min(rows, 2,000)), mean of the seeds 0 to 9, on these exact
   * rows. To reproduce them: write the columns and labels as JSON, fit, and take roc_auc_score of -score_samples.
   */
  readonly scikitLearnAuc: number;
}

const ROWS = 3000;

/** Two clusters with points scattered around them. */
export function clusters(): OutlierSet {
  const random = numbers(1);
  return make(0, random, (outlier) =>
    outlier
      ? [12 * random.uniform() - 6, 12 * random.uniform() - 6]
      : random.uniform() < 0.5
        ? [2 + 0.6 * random.normal(), 2 + 0.6 * random.normal()]
        : [-2 + 0.9 * random.normal(), -1 + 0.4 * random.normal()],
  );
}

/** A ring; outliers are in its centre and around it, within the range of each single feature. */
export function ring(): OutlierSet {
  const random = numbers(2);
  return make(1, random, (outlier) => {
    const angle = 2 * Math.PI * random.uniform();
    const radius = outlier ? 5 * Math.sqrt(random.uniform()) : 4 + 0.25 * random.normal();
    return [radius * Math.cos(angle), radius * Math.sin(angle), random.normal()];
  });
}

/** Hours of a machine: power follows production and the hour; outliers use more or less than both predict. */
export function machineHours(): OutlierSet {
  const random = numbers(3);
  return make(2, random, (outlier) => {
    const hour = Math.floor(24 * random.uniform());
    const runs = hour >= 6 && hour < 20;
    const production = runs ? 80 + 15 * random.normal() : 0;
    const expected = 4 + 0.35 * production;
    const off = outlier ? (random.uniform() < 0.5 ? -1 : 1) * (8 + 6 * random.uniform()) : 1.2 * random.normal();
    return [off, production, hour, expected + off];
  });
}

/** Ten features, three of which are informative. */
export function wide(): OutlierSet {
  const random = numbers(4);
  return make(3, random, (outlier) =>
    Array.from({ length: 10 }, (_, f) => random.normal() + (outlier && f < 3 ? 2.5 : 0)),
  );
}

const AUC = [0.97961, 0.75555, 0.99529, 0.90261];

function make(
  at: number,
  { uniform }: ReturnType<typeof numbers>,
  rowOf: (outlier: boolean) => readonly number[],
): OutlierSet {
  const labels = new Uint8Array(ROWS).map(() => (uniform() < 0.05 ? 1 : 0));
  const rows = Array.from(labels, (label) => rowOf(label === 1));
  const columns = rows[0]!.map((_, f) => Float64Array.from(rows, (row) => row[f]!));
  return { columns, labels, scikitLearnAuc: AUC[at]! };
}

function numbers(seed: number) {
  let state = seed;
  const uniform = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return (state >>> 0) / 4_294_967_296;
  };
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  return { uniform, normal };
}
