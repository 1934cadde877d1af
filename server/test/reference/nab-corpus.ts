import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import tar from 'tar-stream';
import { detectSeasonal } from '../../src/analytics/anomaly/seasonal.ts';
import { probationRows, type ScoredSeries } from './nab-scorer.ts';

export interface NabSeries extends Omit<ScoredSeries, 'scores'> {
  readonly name: string;
  readonly values: Float64Array;
}

/** Scores of a whole series, each computed from the values up to its own row. */
export type NabDetector = (series: NabSeries) => Float64Array;

/**
 * The labelled series of the Numenta Anomaly Benchmark 1.1 (github.com/numenta/NAB, MIT) without its group `realKnownCause`: 51 of 58 files.
 * @param folder the one with measured data
 */
export async function nabCorpus(folder: string): Promise<NabSeries[]> {
  const files = await unpack(join(folder, 'anomaly/nab-51-series-with-labels.tar.gz'));
  const windows = JSON.parse(files.get('NAB/combined_windows.json') ?? '{}') as Record<string, [string, string][]>;
  return Object.entries(windows).map(([name, edges]) => {
    const text = files.get(`NAB/data/${name}`);
    if (text === undefined) throw new Error(`the benchmark's archive lacks ${name}`);
    const rows = text
      .trim()
      .split('\n')
      .slice(1)
      .map((row) => row.split(','));
    return {
      name,
      timestamps: Float64Array.from(rows, ([time = '']) => instantOf(time)),
      values: Float64Array.from(rows, ([, value]) => Number(value)),
      windows: edges.map(([first, last]) => [instantOf(first), instantOf(last)] as const),
    };
  });
}

/** Our detector with the benchmark's probation instead of its own week. */
export function seasonalScores({ timestamps, values }: NabSeries): Float64Array {
  const first = timestamps[probationRows(timestamps.length)]!;
  return detectSeasonal({ timestamps, values }, { probationMs: first - timestamps[0]! }).score;
}

const GAUSSIAN_WINDOW = 6400;
const GAUSSIAN_STEP = 100;
/** The z at which 1 − Q(z) is 1 to twelve digits: above it, the published results do not distinguish values. */
const MAX_Z = 7.130507;

/**
 * The benchmark's own baseline: the distance of a value from the mean of the last 6,400, in standard deviations, with steps of 100 once 6,400
 * are available. The original returns 1 − Q(z), which sorts values in the same order.
 */
export function windowedGaussianScores({ values }: NabSeries): Float64Array {
  let [mean, square, deviation] = [0, 0, 1];
  return values.map((value, i) => {
    const score = i === 0 ? 0 : Math.min(Math.abs(value - mean) / deviation, MAX_Z);
    const known = i + 1;
    if (known <= GAUSSIAN_WINDOW) {
      const away = value - mean;
      mean += away / known;
      square += away * (value - mean);
      deviation = Math.sqrt(square / known) || 1e-6;
    } else if ((known - GAUSSIAN_WINDOW) % GAUSSIAN_STEP === 0) {
      const window = values.subarray(known - GAUSSIAN_WINDOW, known);
      mean = window.reduce((sum, one) => sum + one, 0) / GAUSSIAN_WINDOW;
      deviation = Math.sqrt(window.reduce((sum, one) => sum + (one - mean) ** 2, 0) / GAUSSIAN_WINDOW) || 1e-6;
    }
    return score;
  });
}

async function unpack(path: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  const archive = tar.extract();
  archive.end(gunzipSync(readFileSync(path)));
  for await (const entry of archive) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry) chunks.push(chunk as Buffer);
    const content = Buffer.concat(chunks);
    const { name } = entry.header;
    files.set(
      name.replace(/^\.\//, '').replace(/\.gz$/, ''),
      (name.endsWith('.gz') ? gunzipSync(content) : content).toString(),
    );
  }
  return files;
}

function instantOf(text: string): number {
  return Date.parse(`${text.slice(0, 19).replace(' ', 'T')}Z`);
}
