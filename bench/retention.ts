/**
 * Effect of a retention or an archive on the size of the store, with the CPU time and memory of the run: readings of a
 * simulated home, whose raw readings of 7 days are smaller than rollups, and a year of half-hourly readings whose raw part is archived.
 * Run: `node bench/retention.ts [--days 60]`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { retentionCases, switchedOn } from '../server/test/lifecycle/retention-sizes.ts';

const { values: options } = parseArgs({ options: { days: { type: 'string', default: '60' } } });
const rows = [];
for (const one of retentionCases(Number(options.days))) {
  const folder = mkdtempSync(join(tmpdir(), 'wattkeeper-bench-'));
  try {
    const cpu = process.cpuUsage();
    let most = 0;
    const watch = setInterval(() => {
      most = Math.max(most, process.memoryUsage().rss);
    }, 50);
    const began = performance.now();
    const { before, after, values } = await switchedOn(one, folder);
    clearInterval(watch);
    const { user, system } = process.cpuUsage(cpu);
    rows.push({
      case: one.name,
      values,
      'before, MB': +(before / 1e6).toFixed(2),
      'after, MB': +(after / 1e6).toFixed(2),
      'CPU, s': +((user + system) / 1e6).toFixed(1),
      'wall, s': +((performance.now() - began) / 1000).toFixed(1),
      'most memory, MB': Math.round(most / 1e6),
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
console.table(rows);
console.log(
  `${cpus()[0]?.model ?? 'unknown'} × ${cpus().length}, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.version}`,
);
