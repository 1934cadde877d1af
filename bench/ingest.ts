/**
 * Durable ingest of line protocol over HTTP: Wattkeeper and InfluxDB 1.x with the same batches, one after the other in the same run.
 * Run: `node bench/ingest.ts` (InfluxDB's `influxd` on the PATH or in WATTKEEPER_TEST_INFLUXD).
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { sizeOf, startInflux } from '../server/test/journeys/influx.ts';
import { startService, TOKEN } from '../server/test/journeys/service.ts';

const HOSTS = 100;
const LINES = 10_000;
const FIELDS = 10;
const BATCHES = 150;
const CONNECTIONS = 2;
const NAMES = ['user', 'system', 'idle', 'nice', 'iowait', 'irq', 'softirq', 'steal', 'guest', 'guest_nice'];

/** TSBS cpu-only: integer random walks in 0–100, ten fields, every 10 s from 100 hosts. */
function makeBatches(): Buffer[] {
  let seed = 1;
  const random = () => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return seed / 2 ** 32;
  };
  const levels = Array.from({ length: HOSTS }, () => NAMES.map(() => Math.floor(random() * 100)));
  let instant = Date.UTC(2026, 0, 1) / 1000;
  let host = 0;
  return Array.from({ length: BATCHES }, () => {
    const lines: string[] = [];
    for (let i = 0; i < LINES; i++) {
      const level = levels[host]!;
      const fields = NAMES.map((name, f) => {
        level[f] = Math.min(Math.max(level[f]! + Math.floor(random() * 3) - 1, 0), 100);
        return `usage_${name}=${level[f]}i`;
      });
      lines.push(`cpu,host=host_${host},region=eu-central-1,os=debian ${fields.join(',')} ${instant}000000000`);
      host = (host + 1) % HOSTS;
      if (host === 0) instant += 10;
    }
    return Buffer.from(`${lines.join('\n')}\n`);
  });
}

async function post(url: string, headers: Record<string, string>, batches: readonly Buffer[]): Promise<number> {
  const queue = [...batches];
  const began = performance.now();
  const sender = async () => {
    for (let batch = queue.shift(); batch; batch = queue.shift()) {
      const response = await fetch(url, { method: 'POST', headers, body: new Uint8Array(batch) });
      const text = await response.text();
      if (response.status !== 204) throw new Error(`${url} answered ${response.status}: ${text}`);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, sender));
  return (performance.now() - began) / 1000;
}

const batches = makeBatches();
const values = LINES * FIELDS * BATCHES;
const folder = mkdtempSync(join(tmpdir(), 'wattkeeper-bench-'));
const rows: Record<string, string | number>[] = [];
const add = (name: string, seconds: number, folderOf: string, note: string) =>
  rows.push({
    store: name,
    'values/s': Math.round(values / seconds),
    'MB on disk': +(sizeOf(folderOf) / 1e6).toFixed(1),
    note,
  });
try {
  const ours = join(folder, 'ours');
  const service = await startService(ours);
  const seconds = await post(`${service.url}/write`, { authorization: `Token ${TOKEN}` }, batches);
  await service.stop();
  add('wattkeeper (each batch synced)', seconds, ours, 'before day compaction');
  const theirs = mkdtempSync(join(folder, 'influx-'));
  const influx = await startInflux(theirs, process.env.WATTKEEPER_TEST_INFLUXD ?? 'influxd');
  const influxSeconds = await post(`${influx.url}/write?db=bench`, {}, batches);
  await influx.stop();
  add('InfluxDB 1.x', influxSeconds, theirs, '');
  console.table(rows);
  console.log(
    `${BATCHES} batches of ${LINES} lines with ${FIELDS} fields, ${CONNECTIONS} connections; ${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
