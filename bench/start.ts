/**
 * Start time and memory of an idle service: the time from launch to the first response of /health, with an empty cache of
 * compiled code and with a filled one, and the resident memory at that response and after ten idle seconds. An empty folder without demo, from the bundle as
 * run by `npm start` and from the sources; then with one reading, for which the store is opened. InfluxDB for comparison, if it is found.
 * Goals: 1 s to the first response, 150 MB. Linux only. Run: node bench/start.ts [--runs 3]
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { nodePath, serverFile, serverFlags, setUp } from '../scripts/setup.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const POLL_MS = 5;
const IDLE_MS = 10_000;
const MAX_START_MS = 120_000;

const { values: options } = parseArgs({ options: { runs: { type: 'string', default: '3' } } });
const RUNS = Number(options.runs);

interface Program {
  readonly name: string;
  readonly command: readonly string[];
  readonly environment?: Record<string, string>;
  /** URL that responds once the program is ready. */
  readonly path: string;
  /** Work after the first answer, before the idle time. */
  readonly after?: (url: string) => Promise<unknown>;
  /** Cache of compiled code, kept between the runs. */
  readonly hasCache?: boolean;
}

interface Start {
  readonly firstAnswerMs: number;
  /** CPU time of all threads until the first response. */
  readonly processorMs: number;
  readonly memoryMb: number;
  readonly idleMb: number;
}

await setUp({ server: true });
const source = join(ROOT, 'server', 'src', 'main.ts');
const wattkeeper = { path: '/health', hasCache: true } as const;
const PROGRAMS: readonly Program[] = [
  { ...wattkeeper, name: 'Wattkeeper', command: [nodePath(), ...serverFlags(), serverFile()] },
  {
    ...wattkeeper,
    name: 'Wattkeeper with a reading',
    command: [nodePath(), ...serverFlags(), serverFile()],
    after: writeReading,
  },
  { ...wattkeeper, name: 'Wattkeeper from source', command: [nodePath(), source] },
  ...influxdb(),
];
const TOKEN = 'token-of-a-benchmark-0123456789';

const rows: Record<string, string>[] = [];
for (const program of PROGRAMS) {
  const cold: Start[] = [];
  const warm: Start[] = [];
  for (let run = 0; run < RUNS; run++) {
    const cache = mkdtempSync(join(tmpdir(), 'wattkeeper-cache-'));
    cold.push(await start(program, cache));
    if (program.hasCache) warm.push(await start(program, cache));
    rmSync(cache, { recursive: true });
  }
  const usual = warm.length > 0 ? warm : cold;
  rows.push({
    program: program.name,
    'first answer, cold': `${median(cold, 'firstAnswerMs')} ms`,
    'first answer, warm': `${median(usual, 'firstAnswerMs')} ms`,
    'processor time, warm': `${median(usual, 'processorMs')} ms`,
    'memory at the answer': `${median(usual, 'memoryMb')} MB`,
    'after 10 s idle': `${median(usual, 'idleMb')} MB`,
  });
}
console.table(rows);
console.log(`median of ${RUNS}; load of the machine ${loadavg()[0]!.toFixed(1)}; ${versions()}`);
console.log(
  `${cpus()[0]?.model ?? 'unknown processor'} × ${cpus().length}, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.version}, ${process.platform}`,
);

async function start(program: Program, cache: string): Promise<Start> {
  const folder = mkdtempSync(join(tmpdir(), 'wattkeeper-start-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const launchedAt = performance.now();
  const [command, ...args] = program.command;
  const child = spawn(command!, args, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      PATH: process.env.PATH,
      HOME: folder,
      NODE_COMPILE_CACHE: cache,
      WATTKEEPER_DATA_DIR: folder,
      WATTKEEPER_HTTP__PORT: String(port),
      WATTKEEPER_DEMO__ENABLED: 'false',
      WATTKEEPER_AUTH__ADMIN_TOKEN: TOKEN,
      WATTKEEPER_LOG__LEVEL: 'warn',
      INFLUXDB_HTTP_BIND_ADDRESS: `127.0.0.1:${port}`,
      INFLUXDB_DATA_DIR: join(folder, 'data'),
      INFLUXDB_DATA_WAL_DIR: join(folder, 'wal'),
      INFLUXDB_META_DIR: join(folder, 'meta'),
    },
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  try {
    while (!(await answers(url + program.path))) {
      if (child.exitCode !== null || performance.now() - launchedAt > MAX_START_MS)
        throw new Error(`${program.name} did not start`);
      await sleep(POLL_MS);
    }
    const firstAnswerMs = performance.now() - launchedAt;
    const processorMs = processorTime(child.pid!);
    const memoryMb = residentMb(child.pid!);
    await program.after?.(url);
    await sleep(IDLE_MS);
    return { firstAnswerMs, processorMs, memoryMb, idleMb: residentMb(child.pid!) };
  } finally {
    child.kill();
    await ended;
    rmSync(folder, { recursive: true });
  }
}

function influxdb(): Program[] {
  const program = process.env.WATTKEEPER_TEST_INFLUXD || '/usr/bin/influxd';
  try {
    execFileSync(program, ['version']);
  } catch {
    console.log(`InfluxDB is left out: ${program} does not run (WATTKEEPER_TEST_INFLUXD names another)`);
    return [];
  }
  const config = join(mkdtempSync(join(tmpdir(), 'wattkeeper-influxdb-')), 'influxdb.conf');
  // Its port for backups is the same in every run; usage reports are switched off.
  writeFileSync(
    config,
    'reporting-disabled = true\nbind-address = "127.0.0.1:0"\n[logging]\nlevel = "error"\nsuppress-logo = true\n',
  );
  return [{ name: 'InfluxDB', command: [program, '-config', config], path: '/ping' }];
}

async function writeReading(url: string): Promise<void> {
  const response = await fetch(`${url}/api/v1/readings`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify({ device_id: 'meter', timestamp: new Date().toISOString(), values: { 'load.power_kw': 1 } }),
  });
  if (!response.ok) throw new Error(`the reading was not taken: ${response.status} ${await response.text()}`);
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { headers: { authorization: `Bearer ${TOKEN}` } })).ok;
  } catch {
    return false;
  }
}

/** Processor time of all threads of a process, ms: fields 14 and 15 of proc_pid_stat(5), in hundredths of a second. */
function processorTime(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

function residentMb(pid: number): number {
  const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1];
  return Number(kilobytes) / 1024;
}

function median(starts: readonly Start[], figure: keyof Start): string {
  const sorted = starts.map((start) => start[figure]).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!.toFixed(0);
}

function versions(): string {
  return PROGRAMS.filter(({ name }) => name === 'InfluxDB')
    .map(({ command }) => execFileSync(command[0]!, ['version'], { encoding: 'utf8' }).trim())
    .join(', ');
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
