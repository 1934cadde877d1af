/**
 * History of one device over HTTP, and bytes per value: Wattkeeper and InfluxDB 1.x with the same data, in turn in the same run.
 * Ten devices, ten fields, a year at two minutes. Run: `node bench/queries.ts` (InfluxDB's `influxd` on the PATH or in
 * WATTKEEPER_TEST_INFLUXD).
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { openTelemetryStore } from '../server/src/storage/open-store.ts';
import { sizeOf, startInflux } from '../server/test/journeys/influx.ts';
import { startService, TOKEN } from '../server/test/journeys/service.ts';

const DEVICES = 10;
const FIELDS = 10;
const STEP_S = 120;
const END = Date.UTC(2026, 0, 1) / 1000;
const DAYS = 365;
const RUNS = 60;
const DAY_S = 86_400;

/** A day of all devices: values as reported by an inverter, resolution 1 W. */
function dayOfLines(day: number): Buffer {
  const start = END - (DAYS - day) * DAY_S;
  const lines: string[] = [];
  for (let device = 0; device < DEVICES; device++) {
    for (let at = start; at < start + DAY_S; at += STEP_S) {
      const sun = Math.max(0, Math.sin(((at % DAY_S) / DAY_S - 0.25) * 2 * Math.PI));
      const fields = Array.from({ length: FIELDS }, (_, f) => {
        const noise = Math.abs(Math.sin(at * 12.9898 + f * 78.233 + device) * 43_758.5453) % 1;
        return `q${f}_kw=${(sun * (3 + f) + noise * 0.4).toFixed(3)}`;
      });
      lines.push(`solar,host=d${device} ${fields.join(',')} ${at}000000000`);
    }
  }
  return Buffer.from(lines.join('\n'));
}

async function fill(url: string, headers: Record<string, string>): Promise<void> {
  for (let day = 0; day < DAYS; day++) {
    const response = await fetch(url, { method: 'POST', headers, body: new Uint8Array(dayOfLines(day)) });
    if (response.status !== 204) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  }
}

async function measure(url: string, headers: Record<string, string>): Promise<{ p50: number; p99: number }> {
  const times: number[] = [];
  for (let run = -5; run < RUNS; run++) {
    const began = performance.now();
    const response = await fetch(url, { headers });
    await response.arrayBuffer();
    if (!response.ok) throw new Error(`${url} answered ${response.status}`);
    if (run >= 0) times.push(performance.now() - began);
  }
  times.sort((a, b) => a - b);
  return { p50: times[Math.floor(RUNS / 2)]!, p99: times[Math.ceil(RUNS * 0.99) - 1]! };
}

const iso = (seconds: number) => new Date(seconds * 1000).toISOString();
const QUESTIONS = [
  { name: '24 h raw', start: END - DAY_S, ours: 'bucket=raw', select: 'q3_kw', group: '' },
  {
    name: '30 days hourly mean',
    start: END - 30 * DAY_S,
    ours: 'bucket=1h&aggregate=mean',
    select: 'mean(q3_kw)',
    group: 'GROUP BY time(1h)',
  },
  {
    name: 'a year daily mean',
    start: END - DAYS * DAY_S,
    ours: 'bucket=1d&aggregate=mean',
    select: 'mean(q3_kw)',
    group: 'GROUP BY time(1d)',
  },
];
const folder = mkdtempSync(join(tmpdir(), 'wattkeeper-bench-'));
try {
  const [ours, theirs] = [join(folder, 'ours'), join(folder, 'theirs')];
  mkdirSync(theirs);
  const auth = { authorization: `Bearer ${TOKEN}` };
  // InfluxDB has no journal history for point-in-time restores, so ours is excluded from the comparison.
  const plain = { WATTKEEPER_BACKUP__POINT_IN_TIME: 'false' };
  let service = await startService(ours, plain);
  await fill(`${service.url}/write`, auth);
  await service.stop();
  const store = await openTelemetryStore({ type: 'duckdb', path: join(ours, 'telemetry.duckdb') });
  await store.compact(Date.now(), new AbortController().signal);
  await store.close();
  const influx = await startInflux(theirs, process.env.WATTKEEPER_TEST_INFLUXD ?? 'influxd');
  await fill(`${influx.url}/write?db=bench`, {});
  service = await startService(ours, plain);
  const rows = [];
  for (const { name, start, ours: parameters, select, group } of QUESTIONS) {
    const window = `start=${iso(start)}&end=${iso(END)}`;
    const us = await measure(
      `${service.url}/api/v1/telemetry?device_id=d3&metric=solar.q3_kw&${parameters}&${window}`,
      auth,
    );
    const where = `host='d3' AND time >= '${iso(start)}' AND time < '${iso(END)}'`;
    const query = encodeURIComponent(`SELECT ${select} FROM solar WHERE ${where} ${group}`);
    const them = await measure(`${influx.url}/query?db=bench&q=${query}`, {});
    const ms = (value: number) => +value.toFixed(1);
    rows.push({
      question: name,
      'ours p50 ms': ms(us.p50),
      'InfluxDB p50 ms': ms(them.p50),
      'ours p99 ms': ms(us.p99),
      'InfluxDB p99 ms': ms(them.p99),
    });
  }
  await service.stop();
  await influx.stop();
  console.table(rows);
  const values = (DAYS * DAY_S * DEVICES * FIELDS) / STEP_S;
  console.table({
    'bytes per value': {
      wattkeeper: +(sizeOf(ours) / values).toFixed(2),
      'InfluxDB 1.x': +(sizeOf(join(theirs, 'data')) / values).toFixed(2),
    },
  });
  console.log(`${values} values; ${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
