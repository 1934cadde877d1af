/**
 * Bytes per value on disk after compaction: Wattkeeper, InfluxDB 1.x and JSON with the same values. A year of a real house
 * (if the measured data are available) and 90 days of the simulated home. Run: `node bench/size.ts` (InfluxDB's `influxd` on the PATH or in
 * WATTKEEPER_TEST_INFLUXD; the data folder in WATTKEEPER_TEST_REAL_DATA, default ../shared/data).
 */

import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync, gzipSync } from 'node:zlib';
import { MINUTE_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { createSimulator } from '../server/src/sources/simulator/simulator.ts';
import { openTelemetryStore } from '../server/src/storage/open-store.ts';
import { sizeOf, startInflux } from '../server/test/journeys/influx.ts';
import { startService, TOKEN } from '../server/test/journeys/service.ts';

interface Row {
  readonly group: string;
  readonly device: string;
  readonly timestamp: number;
  readonly values: Readonly<Record<string, number>>;
}

function realYear(): Row[] {
  const folder = process.env.WATTKEEPER_TEST_REAL_DATA ?? '../shared/data';
  const path = join(folder, 'home/home-year-30min.csv.gz');
  if (!existsSync(path)) return [];
  const [head, ...lines] = gunzipSync(readFileSync(path)).toString().trim().split('\n');
  const names = (head as string).split(',');
  const at = (name: string) => names.indexOf(name);
  return lines.flatMap((line) => {
    const cells = line.split(',');
    const timestamp = Date.parse(cells[at('timestamp')]!.replace(' ', 'T'));
    const kw = (name: string) => (cells[at(name)] === '' ? Number.NaN : Number(cells[at(name)]) / 1000);
    const row = (group: string, values: Record<string, number>): Row => ({ group, device: 'House', timestamp, values });
    const [load, pv, forecast] = [kw('load_w'), kw('pv_w'), kw('pv_forecast_w')];
    return [row('load', { power_kw: load }), row('solar', { power_kw: pv, forecast_power_kw: forecast })];
  });
}

function simulatedHome(): Row[] {
  const start = Date.UTC(2026, 0, 1);
  const simulator = createSimulator({ profile: 'home', seed: 1, start, stepMs: MINUTE_MS });
  const rows: Row[] = [];
  while (simulator.time < start + 90 * UTC_DAY_MS) {
    for (const block of simulator.advance(start + 90 * UTC_DAY_MS)) {
      for (const [row, timestamp] of block.timestamps.entries()) {
        const device = block.devices[block.device[row]!]!;
        const values = block.quantities.map((name, c) => [name, block.columns[c]![row]!] as const);
        rows.push({ group: block.group, device, timestamp, values: Object.fromEntries(values) });
      }
    }
  }
  return rows;
}

/** Line protocol and JSON of the present values. */
function written(rows: readonly Row[]) {
  let values = 0;
  const lines: string[] = [];
  const objects: string[] = [];
  for (const { group, device, timestamp, values: all } of rows) {
    const present = Object.entries(all).filter(([, value]) => !Number.isNaN(value));
    if (present.length === 0) continue;
    values += present.length;
    const fields = present.map(([name, value]) => `${name}=${value}`).join(',');
    lines.push(`${group},device=${device.replaceAll(' ', '\\ ')} ${fields} ${timestamp}`);
    const named = Object.fromEntries(present.map(([name, value]) => [`${group}.${name}`, value]));
    objects.push(JSON.stringify({ device_id: device, timestamp: new Date(timestamp).toISOString(), values: named }));
  }
  return { values, lines, json: Buffer.from(objects.join('\n')) };
}

async function send(url: string, headers: Record<string, string>, lines: readonly string[]): Promise<void> {
  for (let from = 0; from < lines.length; from += 10_000) {
    const body = lines.slice(from, from + 10_000).join('\n');
    const response = await fetch(url, { method: 'POST', headers, body });
    if (response.status !== 204) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  }
}

async function ourSize(folder: string, lines: readonly string[]): Promise<number> {
  const service = await startService(folder, { WATTKEEPER_BACKUP__POINT_IN_TIME: 'false' });
  await send(`${service.url}/write?precision=ms`, { authorization: `Bearer ${TOKEN}` }, lines);
  await service.stop();
  const store = await openTelemetryStore({ type: 'duckdb', path: join(folder, 'telemetry.duckdb') });
  await store.compact(Date.now(), new AbortController().signal);
  await store.close();
  return sizeOf(folder);
}

/** Cold shards are compacted immediately; the size counts when it has been constant for ten seconds. */
async function influxSize(folder: string, lines: readonly string[]): Promise<{ whole: number; values: number }> {
  const program = process.env.WATTKEEPER_TEST_INFLUXD ?? 'influxd';
  const settings = 'compact-full-write-cold-duration = "5s"\ncache-snapshot-write-cold-duration = "2s"';
  const influx = await startInflux(folder, program, settings);
  await send(`${influx.url}/write?db=bench&precision=ms`, {}, lines);
  let size = 0;
  for (let still = 0; still < 10; ) {
    await sleep(1000);
    const now = sizeOf(join(folder, 'data'));
    still = now === size ? still + 1 : 0;
    size = now;
  }
  await influx.stop();
  const values = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.tsm'));
  return {
    whole: sizeOf(join(folder, 'data')) + sizeOf(join(folder, 'wal')),
    values: values.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0),
  };
}

const folder = mkdtempSync(join(tmpdir(), 'wattkeeper-bench-'));
try {
  const table = [];
  for (const [name, rows] of [
    ['real house, a year at 30 min', realYear()],
    ['simulated home, 90 days at 1 min', simulatedHome()],
  ] as const) {
    if (rows.length === 0) continue;
    const [ours, theirs] = [join(folder, `ours ${name}`), join(folder, `theirs ${name}`)];
    mkdirSync(ours);
    mkdirSync(theirs);
    const { values, lines, json } = written(rows);
    const per = (bytes: number) => +(bytes / values).toFixed(2);
    const size = await ourSize(ours, lines);
    const influx = await influxSize(theirs, lines);
    table.push({
      data: name,
      values,
      'ours, whole folder': per(size),
      'telemetry.duckdb': per(statSync(join(ours, 'telemetry.duckdb')).size),
      'InfluxDB, whole folder': per(influx.whole),
      'InfluxDB, .tsm': per(influx.values),
      JSON: per(json.length),
      'JSON, gzip': per(gzipSync(json).length),
      'smaller than JSON': `${(100 * (1 - size / json.length)).toFixed(1)} %`,
    });
  }
  console.log('bytes per value');
  console.table(table);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
