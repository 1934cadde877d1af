/**
 * The seasonal detector on 51 series of the Numenta Anomaly Benchmark, scored by the benchmark's rule and compared with its windowed Gaussian
 * in the same run. Both process a series value by value, without settings for single series.
 * Run: WATTKEEPER_TEST_REAL_DATA=/path/to/data node bench/nab.ts
 */
import { cpus, totalmem } from 'node:os';
import { performance } from 'node:perf_hooks';
import {
  type NabDetector,
  nabCorpus,
  seasonalScores,
  windowedGaussianScores,
} from '../server/test/reference/nab-corpus.ts';
import { NAB_PROFILES, type NabProfile, nabScore } from '../server/test/reference/nab-scorer.ts';

const folder = process.env.WATTKEEPER_TEST_REAL_DATA;
if (folder === undefined) throw new Error('set WATTKEEPER_TEST_REAL_DATA to the folder with measured data');

/**
 * The benchmark's published results of version 1.1 (its folder `results`), scored here by the same rule on the same 51 series. On all of its
 * 58 series they reproduce the published scores: numenta 70.1, contextOSE 69.9, knncad 58.0, windowedGaussian 39.6.
 */
const PUBLISHED = {
  ARTime: [77.0, 67.7, 82.3],
  contextOSE: [75.4, 72.7, 78.5],
  'numenta HTM': [73.0, 66.6, 76.8],
  earthgeckoSkyline: [63.2, 49.8, 69.2],
  knncad: [60.5, 46.4, 66.8],
  relativeEntropy: [55.6, 49.2, 59.4],
  randomCutForest: [55.1, 42.7, 62.2],
  twitterADVec: [51.1, 36.0, 58.1],
  windowedGaussian: [44.8, 23.0, 53.6],
  skyline: [40.7, 31.1, 50.8],
  bayesChangePt: [21.4, 11.4, 34.5],
  random: [17.6, 8.2, 26.4],
  expose: [17.0, 4.6, 27.9],
} as const;

const corpus = await nabCorpus(folder);
const profiles = Object.keys(NAB_PROFILES) as NabProfile[];
const rows: Record<string, Record<string, string | number>> = {};
run('seasonal', seasonalScores);
run('seasonal, alarm at 0.99', (series) => seasonalScores(series).map((score) => Number(score >= 0.99)));
run('windowed Gaussian, here', windowedGaussianScores);
for (const [name, scores] of Object.entries(PUBLISHED)) {
  rows[`${name}, published`] = Object.fromEntries(profiles.map((profile, p) => [profile, scores[p]!]));
}
const windows = corpus.reduce((count, series) => count + series.windows.length, 0);
console.log(
  `scores of ${corpus.length} series with ${windows} windows: 0 finds nothing, 100 is perfect; found and false ones at the standard threshold`,
);
console.table(rows);
console.log(
  `${cpus()[0]?.model ?? 'unknown processor'} × ${cpus().length}, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.version}`,
);

function run(name: string, detect: NabDetector): void {
  const began = performance.now();
  const scored = corpus.map((series) => ({ ...series, scores: detect(series) }));
  const seconds = (performance.now() - began) / 1000;
  const values = corpus.reduce((count, series) => count + series.values.length, 0);
  const results = profiles.map((profile) => nabScore(scored, profile));
  rows[name] = {
    ...Object.fromEntries(profiles.map((profile, p) => [profile, Number(results[p]?.score.toFixed(1))])),
    found: results[0]?.found ?? 0,
    false: results[0]?.falsePositives ?? 0,
    'values/s': Math.round(values / seconds),
  };
}
