/**
 * Parsing and validation of line protocol on one core, compared with a scan of the same bytes for line ends in the same run.
 * Run: `node bench/line-protocol-parse.ts`
 */

import { cpus } from 'node:os';
import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { MetricCatalogue } from '../server/src/domain/metric-catalogue.ts';
import { validate } from '../server/src/ingest/validate.ts';
import { decodeLineProtocol } from '../server/src/sources/decode/line-protocol.ts';

const LINES = 10_000;
const RUNS = 40;
const START = Date.UTC(2026, 0, 1);

/** Ten integer fields of 100 hosts, as in TSBS cpu-only, and decimals as reported by an inverter. */
const shapes: Record<string, (line: number) => string> = {
  'ten whole numbers': (line) =>
    `cpu,host=host_${line % 100},region=eu-central-1 ${Array.from({ length: 10 }, (_, f) => `usage_${f}=${(line * 7 + f * 13) % 100}i`).join(',')} ${START + line * 1000}000000`,
  'ten decimals': (line) =>
    `solar,device=inverter\\ ${line % 5} ${Array.from({ length: 10 }, (_, f) => `string${f}_power_kw=${((line * 17 + f) % 4096) / 1000}`).join(',')} ${START + line * 1000}000000`,
  'one decimal': (line) => `grid,device=meter power_kw=${((line * 17) % 4096) / 1000} ${START + line * 1000}000000`,
};

function best(work: () => unknown): number {
  let least = Number.POSITIVE_INFINITY;
  for (let run = 0; run < RUNS; run++) {
    const began = performance.now();
    work();
    least = Math.min(least, performance.now() - began);
  }
  return least / 1000;
}

function countLines(bytes: Uint8Array): number {
  let lines = 0;
  for (let i = 0; i < bytes.length; i++) if (bytes[i] === 10) lines++;
  return lines;
}

const catalogue = new MetricCatalogue();
const options = {
  precision: 'ns',
  nowMs: START + 2 * UTC_DAY_MS,
  deviceTags: ['device', 'host'],
  labelTags: ['region'],
} as const;
const table = Object.entries(shapes).map(([shape, lineOf]) => {
  const bytes = Buffer.from(Array.from({ length: LINES }, (_, line) => lineOf(line)).join('\n'));
  const mb = bytes.length / 1e6;
  const parse = () => {
    const { blocks, bad } = decodeLineProtocol(bytes, options);
    const { accepted } = validate(blocks, (metric) => catalogue.describe(metric), options.nowMs, LINES);
    if (bad > 0 || accepted < LINES) throw new Error(`${bad} bad lines, ${accepted} values accepted`);
    return accepted;
  };
  const values = parse();
  const seconds = best(parse);
  return {
    lines: shape,
    'MB/s': Math.round(mb / seconds),
    'million values/s': +(values / seconds / 1e6).toFixed(1),
    'bare scan MB/s': Math.round(mb / best(() => countLines(bytes))),
  };
});
console.table(table);
console.log(`one core of ${cpus()[0]?.model}, Node ${process.version}`);
