/**
 * Speed of the isolation forest on a million rows of five features, 100 trees, compared with scikit-learn's on the same rows.
 * Run: node bench/isolation-forest.ts [--rows 1000000]; Python with scikit-learn: PYTHON=/path/to/python (default: python3).
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { growForest, scoreRows } from '../server/src/analytics/anomaly/isolation-forest.ts';

const { values: options } = parseArgs({ options: { rows: { type: 'string', default: '1000000' } } });
const ROWS = Number(options.rows);
const FEATURES = 5;
const SAMPLES = [256, 2000];
const RUNS = 3;
const PEER_PROGRAM = `
import json, sys, time
import numpy as np, sklearn
from sklearn.ensemble import IsolationForest
rows = np.fromfile(sys.argv[1]).reshape(${FEATURES}, -1).T.copy()
answers = []
for sample in ${JSON.stringify(SAMPLES)}:
    fits, scorings = [], []
    for run in range(${RUNS}):
        began = time.perf_counter()
        forest = IsolationForest(n_estimators=100, max_samples=sample, random_state=run).fit(rows)
        fitted = time.perf_counter()
        forest.score_samples(rows)
        fits.append(fitted - began)
        scorings.append(time.perf_counter() - fitted)
    answers.append({'fit': min(fits), 'score': min(scorings)})
json.dump({'version': sklearn.__version__, 'answers': answers}, sys.stdout)
`;

const columns = Array.from({ length: FEATURES }, (_, f) => normals(f + 1));
const folder = mkdtempSync(join(tmpdir(), 'wattkeeper-forest-'));
const file = join(folder, 'rows');
writeFileSync(file, Buffer.concat(columns.map(({ buffer }) => Buffer.from(buffer as ArrayBuffer))));
const peer = spawnSync(process.env.PYTHON ?? 'python3', ['-c', PEER_PROGRAM, file], { encoding: 'utf8' });
rmSync(folder, { recursive: true });
if (peer.status !== 0) console.error(`LEFT OUT: scikit-learn, because Python said: ${peer.stderr || peer.error}`);
const theirs = peer.status === 0 ? (JSON.parse(peer.stdout) as Answer) : null;

interface Answer {
  readonly version: string;
  readonly answers: readonly { readonly fit: number; readonly score: number }[];
}

console.table(
  SAMPLES.map((sampleSize, i) => {
    const runs = Array.from({ length: RUNS }, (_, seed) => {
      const began = performance.now();
      const forest = growForest(columns, { seed, sampleSize });
      const grown = performance.now();
      scoreRows(forest, columns);
      return { fit: (grown - began) / 1000, score: (performance.now() - grown) / 1000 };
    });
    const fit = Math.min(...runs.map((run) => run.fit));
    const score = Math.min(...runs.map((run) => run.score));
    const peerRun = theirs?.answers[i];
    return {
      'rows a tree': sampleSize,
      'fit, s': fit.toFixed(3),
      'scikit-learn fit, s': peerRun?.fit.toFixed(3) ?? '—',
      'scored, rows/s': Math.round(ROWS / score),
      'scikit-learn, rows/s': peerRun ? Math.round(ROWS / peerRun.score) : '—',
    };
  }),
);
console.log(`the quickest of ${RUNS} runs each; one thread each`);
console.log(
  `${cpus()[0]?.model ?? 'unknown processor'} × ${cpus().length}, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.version}, scikit-learn ${theirs?.version ?? 'none'}`,
);

/** Normally distributed values, reproducible. */
function normals(seed: number): Float64Array {
  let state = seed;
  const uniform = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return (state >>> 0) / 4_294_967_296;
  };
  return Float64Array.from(
    { length: ROWS },
    () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
  );
}
