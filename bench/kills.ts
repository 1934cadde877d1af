/**
 * Kills the service or a command repeatedly during operations that move data, and compares the data before and after. One
 * line per operation; exits with 1 if a guarantee was violated, and keeps that folder for analysis. A kill takes some seconds.
 * Run: node bench/kills.ts [--kills 100] [--seed 1] [--only backup,restore]
 */
import { cpus, totalmem } from 'node:os';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { type KillReport, killRepeatedly } from '../server/test/faults/kill-repeatedly.ts';
import { OPERATIONS } from '../server/test/faults/operations.ts';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
  },
});
const wanted = values.only?.split(',') ?? OPERATIONS.map(({ name }) => name);
const unknown = wanted.filter((name) => !OPERATIONS.some((operation) => operation.name === name));
if (unknown.length > 0)
  throw new Error(`--only takes ${OPERATIONS.map(({ name }) => name).join(', ')}; got ${unknown}`);

for (const operation of OPERATIONS.filter(({ name }) => wanted.includes(name))) {
  const from = performance.now();
  try {
    const report = await killRepeatedly(operation, {
      kills: Number(values.kills),
      seed: Number(values.seed),
      keepFailed: true,
      onKill: (kills) => process.stderr.write(`\r${operation.name} ${kills}/${values.kills} `),
    });
    console.log(
      `\r${operation.name.padEnd(10)} ${describe(report)}; ${Math.round((performance.now() - from) / 1000)} s`,
    );
  } catch (error) {
    process.exitCode = 1;
    console.log(`\r${operation.name.padEnd(10)} BROKEN: ${error instanceof Error ? error.message : error}`);
  }
}
console.log(
  `${cpus()[0]?.model.trim()}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.version}`,
);

function describe(report: KillReport): string {
  const { kills, atSteps, atInstants, inARow, steps, lengthMs, finished, acknowledged } = report;
  return (
    `${kills} kills (${atSteps} at steps, ${atInstants} at instants; ${inARow} of one that was killed before), undisturbed ${steps} steps in ` +
    `${lengthMs} ms; brought to its end ${finished} times; ${acknowledged} readings acknowledged, none lost, nothing doubled`
  );
}
