/**
 * Detection of faults in the simulated works: precision and recall by kind over four months, with and without baselines, compared with the
 * simple rule of 3 σ of the baseline's residuals per quarter hour. Run: node bench/anomalies.ts [--seeds 3] [--per-day 1.2]
 */

import { cpus, totalmem } from 'node:os';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { detectInDevice } from '../server/src/analytics/anomaly/device.ts';
import type { Window } from '../server/src/domain/time/window.ts';
import {
  type FailingDevice,
  SLOT_MS,
  simulatedWorks,
  touches,
  WORKS_WINDOW,
} from '../server/test/anomaly/simulated-works.ts';

const { values: options } = parseArgs({
  options: { seeds: { type: 'string', default: '3' }, 'per-day': { type: 'string', default: '1.2' } },
});
const seeds = Array.from({ length: Number(options.seeds) }, (_, i) => i + 1);
const perDay = Number(options['per-day']);

const ways = {
  'with baselines': { baselines: true, find: ours },
  'without baselines': { baselines: false, find: ours },
  'each slot against 3 σ of the baseline': { baselines: true, find: plain },
} as const;

const rows: Record<string, Record<string, string | number>> = {};
for (const [name, { baselines, find }] of Object.entries(ways)) {
  const tally = { reported: 0, right: 0, faults: 0, found: 0, devices: 0, ms: 0 };
  const kinds = new Map<string, { faults: number; found: number }>();
  for (const seed of seeds) {
    for (const device of simulatedWorks({ seed, perDay, baselines })) {
      const began = performance.now();
      const events = find(device).filter((event) => !device.gaps.some((gap) => touches(event, gap)));
      tally.ms += performance.now() - began;
      tally.devices++;
      tally.reported += events.length;
      tally.right += events.filter((event) => device.truths.some((truth) => touches(event, truth))).length;
      for (const truth of device.truths) {
        const isFound = events.some((event) => touches(event, truth));
        const kind = kinds.get(truth.kind) ?? { faults: 0, found: 0 };
        kinds.set(truth.kind, { faults: kind.faults + 1, found: kind.found + Number(isFound) });
        tally.faults++;
        tally.found += Number(isFound);
      }
    }
  }
  const percent = (part: number, whole: number) => `${((100 * part) / whole).toFixed(1)} %`;
  const days = (tally.devices * (WORKS_WINDOW.end - WORKS_WINDOW.start)) / UTC_DAY_MS;
  rows[name] = {
    precision: percent(tally.right, tally.reported),
    recall: percent(tally.found, tally.faults),
    'false alarms in 100 days': (((tally.reported - tally.right) * 100) / days).toFixed(2),
    ...Object.fromEntries([...kinds].sort().map(([kind, { faults, found }]) => [kind, `${found}/${faults}`])),
    'ms a device': Math.round(tally.ms / tally.devices),
  };
}
console.table(rows);
console.log(`${seeds.length} seeds, ${perDay} faults a day on ten devices; false alarms in 100 days of a device`);
console.log(
  `${cpus()[0]?.model ?? 'unknown processor'} × ${cpus().length}, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.version}`,
);

function ours({ history }: FailingDevice): readonly Window[] {
  return detectInDevice({ history, window: WORKS_WINDOW, contamination: 0.1, seed: 1, limits: [] }).anomalies;
}

/** Runs of two quarter hours or more beyond 3 σ of all residuals; sensors against 3 σ of their mean. */
function plain({ history: { starts, power, sensors } }: FailingDevice): Window[] {
  const columns = [...(power ? [power] : []), ...sensors.map(({ values }) => ({ values, expected: null }))];
  return columns.flatMap(({ values, expected }) => {
    const away = values.map((value, i) => value - (expected?.[i] ?? 0));
    const known = away.filter((one) => one === one);
    const mean = known.reduce((sum, one) => sum + one, 0) / known.length;
    const sigma = Math.sqrt(known.reduce((sum, one) => sum + (one - mean) ** 2, 0) / known.length);
    const isOut = (i: number) => Math.abs(away[i]! - mean) > 3 * sigma;
    const runs: Window[] = [];
    for (let from = 0; from < away.length; from++) {
      if (!isOut(from)) continue;
      let to = from + 1;
      while (to < away.length && isOut(to)) to++;
      if (to - from > 1) runs.push({ start: starts[from]!, end: starts[to - 1]! + SLOT_MS });
      from = to;
    }
    return runs;
  });
}
