/**
 * Out-of-sample accuracy of hourly baselines: the service's (`auto`) compared with OpenDSM's hourly model and the
 * time-of-week-and-temperature model of CalTRACK in OpenDSM, on measured meters. All models train on the same hours
 * and receive only the temperature of the others. Each meter has two splits: training on the first part of its record, and every fourth week
 * of the first year predicted from the other weeks.
 * Run: WATTKEEPER_TEST_REAL_DATA=/path/to/data node bench/hourly-baseline.ts [--meter house], with PYTHON=… for a Python that has the package
 * opendsm (default: python3; 1.2.7 requires multimethod below 2); without it, those columns are omitted.
 */

import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { UTC_DAY_MS, UTC_WEEK_MS } from '@wattkeeper/contract/durations.ts';
import { type Observations, rowsOf } from '../server/src/analytics/baseline/conditions.ts';
import { predict } from '../server/src/analytics/baseline/deviation.ts';
import { trainBaseline } from '../server/src/analytics/baseline/train.ts';
import { hoursOfWeek } from '../server/src/features/baseline/observations.ts';
import { type Meter, meters } from './hourly-meters.ts';

const { values: options } = parseArgs({ options: { meter: { type: 'string', default: '' } } });
const folder = process.env.WATTKEEPER_TEST_REAL_DATA;
if (folder === undefined) throw new Error('set WATTKEEPER_TEST_REAL_DATA to the folder with measured data');

const YEAR_MS = 365 * UTC_DAY_MS;
/** One week in this many is held out. */
const EVERY = 4;

const PEER_PROGRAM = `
import json, sys, time, warnings, logging
warnings.filterwarnings('ignore'); logging.disable(logging.CRITICAL)
import numpy as np, pandas as pd
from pydantic import ValidationError
from opendsm.eemeter.models.hourly import HourlyBaselineData, HourlyModel, HourlyReportingData
from opendsm.eemeter.models import hourly_caltrack as caltrack
def frame(task, hours):
    index = pd.to_datetime(np.array(hours['starts']), unit='ms', utc=True).tz_convert(task['timeZone'])
    data = {'temperature': np.array(hours['celsius']) * 1.8 + 32}
    if 'kwh' in hours: data['observed'] = hours['kwh']
    return pd.DataFrame(data, index=index).resample('h').first()
def opendsm(task):
    kind = dict(is_electricity_data=task['isElectricity'])
    model = HourlyModel(settings={'seed': 1})
    try:
        model.fit(HourlyBaselineData(frame(task, task['learnt']), **kind), ignore_disqualification=True)
    except ValidationError:
        # Statistics of an hour of the day without a slope cannot be had (1.2.7); the fit stands before them.
        if not model._is_fit or model.baseline_metrics is None: raise
    asked = frame(task, task['unseen'])
    # It finds the days of 23 and 25 hours by counting known energies: any will do, and tell it nothing.
    if task['timeZone'] != 'UTC': asked['observed'] = float(np.mean(task['learnt']['kwh']))
    return model.predict(HourlyReportingData(asked, **kind), ignore_disqualification=True)['predicted']
def towt(task):
    kind = dict(is_electricity_data=task['isElectricity'])
    model = caltrack.HourlyModel().fit(caltrack.HourlyBaselineData(frame(task, task['learnt']), **kind))
    return model.predict(caltrack.HourlyReportingData(frame(task, task['unseen']), **kind))['predicted']
def predicted(model, task):
    began = time.time()
    try:
        answer = model(task)
    except Exception as error:
        return {'error': f'{type(error).__name__}: {error}'}
    at = pd.to_datetime(np.array(task['unseen']['starts']), unit='ms', utc=True)
    answer.index = answer.index.tz_convert('UTC')
    answer = answer[~answer.index.duplicated()].reindex(at)
    return {'seconds': time.time() - began, 'kwh': [None if np.isnan(v) else float(v) for v in answer]}
task = json.load(sys.stdin)
json.dump({'opendsm': predicted(opendsm, task), 'towt': predicted(towt, task)}, sys.stdout)
`;

type Predicted = { readonly seconds: number; readonly kwh: readonly (number | null)[] } | { readonly error: string };

interface Task {
  readonly meter: Meter;
  readonly split: string;
  readonly learnt: Uint32Array;
  readonly unseen: Uint32Array;
}

const python = process.env.PYTHON ?? 'python3';
const version = spawnSync(python, ['-c', 'import opendsm; print(opendsm.__version__)'], { encoding: 'utf8' });
if (version.status !== 0) console.error(`NO COMPARISON: ${python} cannot import opendsm; set PYTHON`);

const { found, missing } = meters(folder);
for (const name of missing) console.error(`LEFT OUT, not in the folder or empty: ${name}`);

const rows: Row[] = [];
for (const meter of found.filter(({ name }) => name.includes(options.meter)))
  for (const task of tasksOf(meter)) {
    rows.push(scored(task));
    console.error(rows.at(-1));
  }
console.table(
  rows.map(({ ratio, towtRatio, ...row }) => ({ ...row, ratio: shown(ratio), 'ratio to TOWT': shown(towtRatio) })),
);
for (const split of new Set(rows.map((row) => row.split))) {
  const own = rows.filter((row) => row.split === split);
  console.log(
    `${split}: geometric mean of the ratios ${shown(geometricMean(own.map(({ ratio }) => ratio)))} to OpenDSM, ${shown(geometricMean(own.map(({ towtRatio }) => towtRatio)))} to TOWT`,
  );
}
for (const { name, note } of found) console.log(`${name}: ${note}`);
console.log(
  `${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}, OpenDSM ${version.stdout?.trim() || 'NOT MEASURED'}`,
);

function tasksOf(meter: Meter): Task[] {
  const rowsIn = (from: number, to: number, isWanted: (start: number) => boolean = () => true) =>
    Uint32Array.from(meter.starts.keys()).filter((row) => {
      const start = meter.starts[row]!;
      return start >= from && start < to && isWanted(start);
    });
  const { learnt, unseen } = meter;
  const yearEnd = learnt.from + YEAR_MS;
  const isLeftOut = (start: number) => Math.floor((start - learnt.from) / UTC_WEEK_MS) % EVERY === EVERY - 1;
  return [
    {
      meter,
      split: 'later',
      learnt: rowsIn(learnt.from, learnt.to),
      unseen: rowsIn(unseen.from, unseen.to),
    },
    {
      meter,
      split: 'weeks',
      learnt: rowsIn(learnt.from, yearEnd, (start) => !isLeftOut(start)),
      unseen: rowsIn(learnt.from, yearEnd, isLeftOut),
    },
  ];
}

interface Row {
  readonly meter: string;
  readonly split: string;
  readonly model: string;
  readonly 'ours, CV(RMSE) %': string;
  readonly 'OpenDSM %': string;
  readonly 'TOWT %': string;
  readonly 'NMBE % ours/OpenDSM/TOWT': string;
  readonly 's ours/OpenDSM': string;
  readonly 'hours scored': string;
  readonly ratio: number;
  readonly towtRatio: number;
}

function scored(task: Task): Row {
  const { meter, split, unseen } = task;
  const began = performance.now();
  const ours = trainedHere(task);
  const seconds = (performance.now() - began) / 1000;
  const peers = version.status === 0 ? peersOn(task) : null;
  const predicted = { ours: ours.kwh, opendsm: kwhOf(peers?.opendsm), towt: kwhOf(peers?.towt) };
  // Only hours that every model predicts are scored.
  const everyone = Object.values(predicted).filter((kwh) => kwh !== null);
  const common = [...unseen.keys()].filter((i) => everyone.every((kwh) => !Number.isNaN(kwh[i])));
  const on = (kwh: ArrayLike<number> | null) => errorsOf(common.map((i) => [meter.kwh[unseen[i]!], kwh?.[i]]));
  const [own, opendsm, towt] = [on(predicted.ours), on(predicted.opendsm), on(predicted.towt)];
  for (const [name, peer] of Object.entries(peers ?? {}))
    if ('error' in peer) console.error(`${meter.name}, ${split}: ${name} failed, ${peer.error}`);
  return {
    meter: meter.name,
    split,
    model: ours.name,
    'ours, CV(RMSE) %': percent(own.cvRmse),
    'OpenDSM %': percent(opendsm.cvRmse),
    'TOWT %': percent(towt.cvRmse),
    'NMBE % ours/OpenDSM/TOWT': [own, opendsm, towt].map(({ nmbe }) => percent(nmbe)).join(' / '),
    's ours/OpenDSM': `${seconds.toFixed(1)} / ${peers && 'seconds' in peers.opendsm ? peers.opendsm.seconds.toFixed(1) : '–'}`,
    'hours scored': `${common.length} of ${unseen.length}`,
    ratio: own.cvRmse / opendsm.cvRmse,
    towtRatio: own.cvRmse / towt.cvRmse,
  };
}

/** As the service trains and predicts: all its models, selected without the held-out data. */
function trainedHere({ meter, learnt, unseen }: Task): { readonly name: string; readonly kwh: ArrayLike<number> } {
  const hourOfWeek = hoursOfWeek(meter.starts, meter.timeZone);
  const all = (lag: number): Observations => ({
    starts: meter.starts,
    kwh: meter.kwh,
    columns: [],
    temperature: meter.temperatures[lag]!,
    hourOfWeek,
    dayOfWeek: null,
  });
  const temperatures = meter.temperatures.map((_, lag) => rowsOf(all(lag), learnt).temperature as Float64Array);
  const observations = { ...rowsOf(all(0), learnt), temperature: null };
  const model = trainBaseline({ type: 'auto', observations, temperatures });
  if ('reason' in model) throw new Error(`${meter.name}: ${model.reason.kind}`);
  const { basis, regression, name } = model;
  const conditions = rowsOf(all('lagHours' in basis ? basis.lagHours : 0), unseen);
  const slopes = regression.coefficients.map(({ value }) => value);
  return { name, kwh: predict({ ...regression, slopes, basis }, conditions, unseen.length).kwh };
}

function peersOn({ meter, learnt, unseen }: Task): { readonly opendsm: Predicted; readonly towt: Predicted } {
  const pick = (column: Float64Array, rows: Uint32Array) => Array.from(rows, (row) => column[row]);
  const hours = (rows: Uint32Array) => ({
    starts: pick(meter.starts, rows),
    celsius: pick(meter.temperatures[0]!, rows),
  });
  const { timeZone, isElectricity } = meter;
  const input = {
    timeZone,
    isElectricity,
    learnt: { ...hours(learnt), kwh: pick(meter.kwh, learnt) },
    unseen: hours(unseen),
  };
  const answer = spawnSync(python, ['-c', PEER_PROGRAM], {
    input: JSON.stringify(input),
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  if (answer.status !== 0) throw new Error(`the peers failed: ${answer.stderr.slice(-500)}`);
  return JSON.parse(answer.stdout);
}

function kwhOf(predicted: Predicted | undefined): ArrayLike<number> | null {
  return predicted && 'kwh' in predicted ? predicted.kwh.map((value) => value ?? Number.NaN) : null;
}

/** CV(RMSE) and NMBE: root mean square error and mean error, divided by the mean of the measured energy. */
function errorsOf(pairs: readonly (readonly [number | undefined, number | undefined])[]) {
  let [squares, sum, total] = [0, 0, 0];
  for (const [actual = Number.NaN, expected = Number.NaN] of pairs) {
    squares += (expected - actual) ** 2;
    sum += expected - actual;
    total += actual;
  }
  return { cvRmse: Math.sqrt(squares * pairs.length) / total, nmbe: sum / total };
}

function percent(share: number): string {
  return Number.isNaN(share) ? '–' : (100 * share).toFixed(1);
}

function shown(ratio: number): string {
  return Number.isNaN(ratio) ? '–' : ratio.toFixed(3);
}

function geometricMean(ratios: readonly number[]): number {
  const known = ratios.filter((ratio) => !Number.isNaN(ratio));
  return Math.exp(known.reduce((sum, ratio) => sum + Math.log(ratio), 0) / known.length);
}
