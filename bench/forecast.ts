/**
 * Accuracy of hourly forecasts of measured loads, a day ahead: the service's method (periodic model selection by back-test,
 * prediction intervals from the previous sixty back-tests) against the seasonal naive forecasts, and our Prophet against Python's Prophet on the
 * same histories of 90 days. Run: WATTKEEPER_TEST_REAL_DATA=/path/to/data node bench/forecast.ts [--every 90] [--load house]
 * Python with the package prophet: PYTHON=/path/to/python (default: python3); without it, that column is omitted.
 */
import { spawnSync } from 'node:child_process';
import { cpus, totalmem } from 'node:os';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { limitsOf } from '../server/src/analytics/forecast/accuracy.ts';
import { backtest, forecast } from '../server/src/analytics/forecast/backtest.ts';
import type { CandidateName } from '../server/src/analytics/forecast/candidates.ts';
import { contest } from '../server/src/analytics/forecast/contest.ts';
import { HORIZONS } from '../server/src/analytics/forecast/horizons.ts';
import { calibrate, intervalOf, LEVELS, type Trials } from '../server/src/analytics/forecast/intervals.ts';
import { loadForecastEngines } from '../server/src/jobs/forecast-engines.ts';
import { type MeasuredLoad, measuredLoads } from '../server/test/forecast/measured-loads.ts';

const { values: options } = parseArgs({
  options: { every: { type: 'string', default: '90' }, load: { type: 'string' } },
});
const folder = process.env.WATTKEEPER_TEST_REAL_DATA;
if (folder === undefined) throw new Error('set WATTKEEPER_TEST_REAL_DATA to the folder with measured data');

const HORIZON = HORIZONS['24h'];
const { steps, stride, origins: CALIBRATED_ON } = HORIZON;
const FIRST_DAY = 120;
const DAY = 24;
const PEER_DAYS = 90;
const PEER_EVERY = 11;
const PEER_PROGRAM = `
import json, logging, sys, time
logging.disable(logging.CRITICAL)
import pandas as pd
from prophet import Prophet
at = lambda seconds: pd.to_datetime(seconds, unit='s')
answers, began = [], time.time()
for task in json.load(sys.stdin):
    model = Prophet(daily_seasonality=True, weekly_seasonality=True, yearly_seasonality=False)
    model.fit(pd.DataFrame({'ds': at(task['ds']), 'y': task['y']}))
    answers.append(list(model.predict(pd.DataFrame({'ds': at(task['future'])})).yhat))
json.dump({'seconds': time.time() - began, 'yhat': answers}, sys.stdout)
`;

const engines = loadForecastEngines();
const python = process.env.PYTHON ?? 'python3';
const peer = spawnSync(python, ['-c', 'import prophet; print(prophet.__version__)'], { encoding: 'utf8' });
if (peer.status !== 0)
  console.error(`LEFT OUT: Python's Prophet, because ${python} cannot import prophet (set PYTHON)`);

const rows: Record<string, string | number>[] = [];
for (const load of await measuredLoads(folder)) {
  if (options.load && !load.name.includes(options.load)) continue;
  rows.push({ load: load.name, ...(await served(load)), ...(peer.status === 0 ? heldAgainstPython(load) : {}) });
  console.table(rows.slice(-1));
}
console.log('mean absolute errors a day ahead; skill against the better of the two naive forecasts');
console.table(rows);
console.log(
  `${cpus()[0]?.model ?? 'unknown processor'} × ${cpus().length}, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.version}, Prophet of Python ${peer.stdout.trim() || 'none'}`,
);

/** Forecasts as the service would have made them: each period's model was selected on earlier data only. */
async function served({ slots, values }: MeasuredLoad): Promise<Record<string, string>> {
  const period = Number(options.every) * DAY;
  const [errors, naiveDay, naiveWeek]: [number[], number[], number[]] = [[], [], []];
  const inside = LEVELS.map(() => 0);
  const chosen: string[] = [];
  for (let start = FIRST_DAY * DAY; start + steps <= values.length; start += period) {
    const known = values.subarray(0, start);
    const found = await contest({ slots, values: known, horizon: HORIZON }, async (task) => ({
      predicted: backtest(task, engines),
    }));
    if (found === null) throw new Error('too little history');
    chosen.push(found.best);
    const end = Math.min(start + period, values.length - steps);
    const count = Math.floor((end - start) / stride) + 1 + CALIBRATED_ON;
    const origins = Array.from({ length: count }, (_, i) => start + (i - CALIBRATED_ON) * stride);
    const trialsOf = (candidate: CandidateName): Trials => {
      const predicted = backtest({ candidate, slots, values, steps, origins }, engines);
      return { slots, values, steps, origins, predicted };
    };
    const trials = trialsOf(found.best);
    errors.push(...errorsOf(trials, CALIBRATED_ON));
    naiveDay.push(...errorsOf(trialsOf('naive_day'), CALIBRATED_ON));
    naiveWeek.push(...errorsOf(trialsOf('naive_week'), CALIBRATED_ON));
    for (const [l, level] of LEVELS.entries()) inside[l] = inside[l]! + insideOf(trials, level);
  }
  const naive = Math.min(meanOf(naiveDay), meanOf(naiveWeek));
  const percent = (share: number) => (100 * share).toFixed(1);
  return {
    model: [...new Set(chosen)].join(', '),
    'MAE, kW': meanOf(errors).toPrecision(4),
    'naive day': meanOf(naiveDay).toPrecision(4),
    'naive week': meanOf(naiveWeek).toPrecision(4),
    'skill, %': percent(1 - meanOf(errors) / naive),
    'in 80 %': percent(inside[0]! / errors.length),
    'in 95 %': percent(inside[1]! / errors.length),
  };
}

function errorsOf({ values, origins, predicted }: Trials, from: number): number[] {
  return origins
    .slice(from)
    .flatMap((origin, row) =>
      Array.from({ length: steps }, (_, k) => Math.abs(values[origin + k]! - predicted[(from + row) * steps + k]!)),
    )
    .filter((error) => error === error);
}

/** Slots within the prediction intervals of the previous back-tests. */
function insideOf(trials: Trials, level: (typeof LEVELS)[number]): number {
  const { slots, values, origins, predicted } = trials;
  let count = 0;
  for (let row = CALIBRATED_ON; row < origins.length; row++) {
    const before = Array.from({ length: CALIBRATED_ON }, (_, i) => row - CALIBRATED_ON + i);
    const from = origins[row]!;
    const own = predicted.subarray(row * steps, (row + 1) * steps);
    const { lower, upper } = intervalOf(calibrate(trials, before), level, {
      slots,
      from,
      predicted: own,
      limits: limitsOf(values.subarray(0, from)),
    });
    for (let k = 0; k < steps; k++) {
      const actual = values[from + k]!;
      if (actual >= lower[k]! && actual <= upper[k]!) count++;
    }
  }
  return count;
}

/** Both Prophets and the model mixture on the same histories. */
function heldAgainstPython({ slots, values }: MeasuredLoad): Record<string, string> {
  const length = PEER_DAYS * DAY;
  const origins: number[] = [];
  for (let o = FIRST_DAY * DAY; o + steps <= values.length; o += PEER_EVERY * DAY + 5) origins.push(o);
  const clock = (s: number) => slots.starts[s]! / 1000;
  const tasks = origins.map((origin) => {
    const known = Array.from({ length }, (_, i) => origin - length + i).filter((s) => values[s] === values[s]);
    return {
      ds: known.map(clock),
      y: known.map((s) => values[s]),
      future: Array.from({ length: steps }, (_, k) => clock(origin + k)),
    };
  });
  const answer = spawnSync(python, ['-c', PEER_PROGRAM], {
    input: JSON.stringify(tasks),
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  if (answer.status !== 0) throw new Error(`Python's Prophet failed: ${answer.stderr.slice(-500)}`);
  const python3 = JSON.parse(answer.stdout) as { seconds: number; yhat: number[][] };
  const maeOf = (predicted: Float64Array) => meanOf(errorsOf({ slots, values, steps, origins, predicted }, 0));
  const began = performance.now();
  const own = Float64Array.from(
    origins.flatMap((origin) => [
      ...forecast({ candidate: 'prophet', slots, values: lastDays(values, origin, length), steps }, engines),
    ]),
  );
  const seconds = (performance.now() - began) / 1000;
  const ours = backtest({ candidate: 'mixture', slots, values, steps, origins }, engines);
  return {
    'ours, same days': maeOf(ours).toPrecision(4),
    'Prophet here': maeOf(own).toPrecision(4),
    'Prophet, Python': maeOf(Float64Array.from(python3.yhat.flat())).toPrecision(4),
    's a fit, here': (seconds / origins.length).toFixed(2),
    's a fit, Python': (python3.seconds / origins.length).toFixed(2),
  };
}

/** The history with only its last part known. */
function lastDays(values: Float64Array, origin: number, length: number): Float64Array {
  return values.slice(0, origin).fill(Number.NaN, 0, origin - length);
}

function meanOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
}
