/**
 * Baselines compared with statsmodels on the same data in the same run: linear with every statistic of a version (estimates with standard errors,
 * t, p and VIF, R², F, residuals and their autocorrelation), and time of week and temperature on a year of hourly values.
 * Run: `node bench/baseline.ts`, with `PYTHON=…` for a Python that has NumPy and statsmodels (default: python3).
 */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import { termsOf } from '../server/src/analytics/baseline/basis.ts';
import { leastSquares } from '../server/src/analytics/baseline/least-squares.ts';
import { fitTimeOfWeek } from '../server/src/analytics/baseline/time-of-week.ts';
import { ModelPool } from '../server/src/jobs/model-pool.ts';

const DRIVERS = 8;
const YEAR_HOURS = 8760;

/** Uniform in 0–1, reproducible (linear congruential generator of Numerical Recipes). */
function uniform(): () => number {
  let state = 20_260_321;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Correlated drivers, as in a plant, and an energy that depends on them linearly, with noise. */
function plant(n: number): { columns: Float64Array[]; kwh: Float64Array } {
  const next = uniform();
  const shared = Float64Array.from({ length: n }, next);
  const columns = Array.from({ length: DRIVERS }, (_, d) => shared.map((value) => 10 * d + 5 * value + 20 * next()));
  const kwh = shared.map(
    (_, i) => 40 + columns.reduce((sum, column, d) => sum + (0.1 + 0.05 * d) * column[i]!, 0) + 8 * (next() - 0.5),
  );
  return { columns, kwh };
}

/** A year of hourly values of a building that is occupied from Monday to Friday. */
function building() {
  const next = uniform();
  const starts = Float64Array.from({ length: YEAR_HOURS }, (_, h) => h * HOUR_MS);
  const temperature = starts.map(
    (_, h) => 10 - 12 * Math.cos((2 * Math.PI * h) / YEAR_HOURS) + 5 * Math.sin((2 * Math.PI * h) / 24) + 4 * next(),
  );
  const hourOfWeek = starts.map((_, h) => h % 168);
  const kwh = temperature.map((degrees, h) => {
    const isUsed = h % 168 < 120 && h % 24 >= 7 && h % 24 < 19;
    const heat = Math.max(15 - degrees, 0) * (isUsed ? 1.2 : 0.4);
    return 10 + (isUsed ? 20 : 0) + heat + 3 * next();
  });
  return { starts, kwh, columns: [], temperature, hourOfWeek, dayOfWeek: null };
}

function best(runs: number, work: () => unknown): number {
  let least = Number.POSITIVE_INFINITY;
  for (let run = 0; run < runs; run++) {
    const began = performance.now();
    work();
    least = Math.min(least, performance.now() - began);
  }
  return least;
}

const PEER = `
import sys, time, json, numpy as np, statsmodels, statsmodels.api as sm
from statsmodels.stats.outliers_influence import variance_inflation_factor
n, p, runs, vif = int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), sys.argv[5] == 'vif'
data = np.fromfile(sys.argv[1]).reshape(p + 1, n)
def fit():
    X = sm.add_constant(np.ascontiguousarray(data[:p].T)); y = data[p]
    m = sm.OLS(y, X).fit(); e = m.resid
    out = [m.params, m.bse, m.tvalues, m.pvalues, m.rsquared, m.rsquared_adj, m.fvalue, m.f_pvalue, m.mse_resid, np.abs(e).mean(), (e[1:] * e[:-1]).sum() / (e * e).sum()]
    if vif: out.append([variance_inflation_factor(X, i + 1) for i in range(p)])
    return m.params
best = 1e9
for _ in range(runs):
    began = time.perf_counter(); params = fit(); best = min(best, time.perf_counter() - began)
print(json.dumps({'ms': best * 1000, 'params': params.tolist(), 'version': statsmodels.__version__}))
`;

interface PeerAnswer {
  readonly ms: number;
  /** The constant first. */
  readonly params: readonly number[];
  readonly version: string;
}

const python = process.env.PYTHON ?? 'python3';
const folder = mkdtempSync(join(tmpdir(), 'wattkeeper-bench-'));

/** Null without such a Python: no comparison then. */
function peer(columns: readonly Float64Array[], y: Float64Array, runs: number, vif: boolean): PeerAnswer | null {
  const path = join(folder, 'data.f64');
  writeFileSync(path, Buffer.concat([...columns, y].map(({ buffer }) => Buffer.from(buffer as ArrayBuffer))));
  const args = ['-c', PEER, path, String(y.length), String(columns.length), String(runs), vif ? 'vif' : 'plain'];
  try {
    return JSON.parse(execFileSync(python, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }));
  } catch (error) {
    console.error(
      `NO COMPARISON: ${python} cannot run statsmodels; set PYTHON. ${(error as Error).message.split('\n').at(-2)}`,
    );
    return null;
  }
}

function linearRow(n: number, runs: number) {
  const { columns, kwh } = plant(n);
  const fit = leastSquares(columns, kwh);
  if ('kind' in fit) throw new Error(fit.kind);
  const ours = best(runs, () => leastSquares(columns, kwh));
  const theirs = peer(columns, kwh, runs, false);
  const complete = peer(columns, kwh, Math.min(runs, 5), true);
  const estimates = [fit.intercept.value, ...fit.coefficients.map(({ value }) => value)];
  const apart = theirs?.params.map((value, i) => Math.abs(estimates[i]! / value - 1));
  return { task: `${n} × ${DRIVERS}, linear`, ours, theirs, complete, apart: apart && Math.max(...apart) };
}

function buildingRow(runs: number) {
  const hours = building();
  const fit = fitTimeOfWeek(hours);
  if ('reason' in fit) throw new Error(fit.reason.kind);
  const ours = best(runs, () => fitTimeOfWeek(hours));
  const dummies = Array.from({ length: 167 }, (_, hour) => hours.hourOfWeek.map((own) => (own === hour + 1 ? 1 : 0)));
  const pieces = termsOf(fit.basis, hours);
  const theirs = peer([...dummies, ...pieces], hours.kwh, runs, false);
  const slopes = theirs?.params.slice(-pieces.length);
  const apart = slopes?.map((value, i) => Math.abs((fit.regression.coefficients[i]?.value as number) / value - 1));
  const task = `${YEAR_HOURS} × ${dummies.length + pieces.length}, time of week`;
  return { task, ours, theirs, complete: null, apart: apart && Math.max(...apart) };
}

/** As in the service: on a thread, with the out-of-sample error on held-out weeks. */
async function trainings() {
  const pool = new ModelPool({ threads: 1 });
  const { columns, kwh } = plant(100_000);
  const starts = kwh.map((_, h) => h * HOUR_MS);
  const linear = { starts, kwh, columns, temperature: null, hourOfWeek: null, dayOfWeek: null };
  const { temperature, ...hours } = building();
  const tasks = {
    '100000 × 8, linear': { type: 'linear', observations: linear, temperatures: [] },
    'a year of hours, the best of all': {
      type: 'auto',
      observations: { ...hours, temperature: null },
      temperatures: [temperature],
    },
  } as const;
  const rows: Record<string, unknown>[] = [];
  for (const [task, input] of Object.entries(tasks)) {
    await pool.run('baseline.train', input);
    const began = performance.now();
    await pool.run('baseline.train', input);
    rows.push({ 'training on a thread, six fits a model': task, ms: Math.round(performance.now() - began) });
  }
  await pool.close();
  return rows;
}

const rows = [linearRow(1_000, 200), linearRow(100_000, 20), buildingRow(10)];
const ms = (value: number | undefined) => (value === undefined ? 'not measured' : +value.toFixed(2));
console.table(
  rows.map(({ task, ours, theirs, complete, apart }) => ({
    task,
    'ours, all statistics, ms': ms(ours),
    'statsmodels without VIF, ms': ms(theirs?.ms),
    'statsmodels with VIF, ms': ms(complete?.ms),
    'times faster, same statistics': theirs ? +((complete ?? theirs).ms / ours).toFixed(1) : 'not measured',
    'greatest relative difference of coefficients': apart?.toExponential(1) ?? 'not measured',
  })),
);
console.table(await trainings());
const version = rows[0]?.theirs?.version;
console.log(
  `${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}, ${version ? `statsmodels ${version}` : 'NO statsmodels'}`,
);
rmSync(folder, { recursive: true });
