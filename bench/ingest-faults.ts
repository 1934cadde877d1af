/**
 * Kills ingest, cuts its power and makes its disk fail, then compares the stores with the acknowledged readings. One line each; exits with 1 if a
 * value was lost, duplicated or wrong. Power cuts and faults need a C compiler and the headers of SQLite. Run:
 * node bench/ingest-faults.ts [--kills 1000] [--cuts 200] [--faults 100] [--seed 1]
 */
import { cpus, totalmem } from 'node:os';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import {
  cutPower,
  type IngestPlan,
  type IngestReport,
  injectFaults,
  killIngest,
} from '../server/test/faults/ingest-faults.ts';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '1000' },
    cuts: { type: 'string', default: '200' },
    faults: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
  },
});
const COMPILER = 'cc';

await measure('kills', values.kills, killIngest);
await measure('power cuts', values.cuts, (plan) => cutPower(COMPILER, plan));
await measure('rounds of faults', values.faults, (plan) => injectFaults(COMPILER, plan));
console.log(
  `${cpus()[0]?.model.trim()}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.version}`,
);

async function measure(name: string, times: string, run: (plan: IngestPlan) => Promise<IngestReport>): Promise<void> {
  if (times === '0') return;
  const from = performance.now();
  const onTime = (done: number) => process.stderr.write(`\r${name} ${done}/${times} `);
  const { checked, lost, duplicated, wrong, durable, inMemory, failures } = await run({
    times: Number(times),
    seed: Number(values.seed),
    onTime,
  });
  if (lost + duplicated + wrong > 0) process.exitCode = 1;
  console.log(
    `\r${times} ${name}: ${durable} values acknowledged as durable, ${inMemory} as in memory; ${failures} operations failed; ` +
      `${checked} values checked: ${lost} lost, ${duplicated} doubled, ${wrong} wrong; ${Math.round((performance.now() - from) / 1000)} s`,
  );
}
