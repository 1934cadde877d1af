import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { NO_RULES } from '../../src/domain/series-rules.ts';
import { withFolder } from './contents.ts';

export interface ChildOptions {
  /** The faulty file system, or null. */
  readonly extension: string | null;
  /** Where acknowledgements are noted among its operations. */
  readonly log: string | null;
  /** Number of the first reading. */
  readonly first: number;
  readonly posters: number;
  /** Readings of the posts, in turn. */
  readonly sizes: readonly number[];
  readonly maxPosts: number;
  /** Between the posts of one poster. */
  readonly pauseMs: number;
}

/** Readings from `first` on: `count` of them. */
export interface Acknowledged {
  readonly first: number;
  readonly count: number;
  readonly durable: boolean;
}

/** A process that posts readings and reports acknowledgements. */
export interface IngestRun {
  readonly acknowledged: Acknowledged[];
  /** Everything is in the stores. */
  readonly over: Promise<void>;
  /** Ends the posts; resolves when everything is in the stores. */
  settle(): Promise<void>;
  kill(): Promise<void>;
}

export interface Check {
  /** Expected values over all stores. */
  readonly checked: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly wrong: number;
}

const START = Date.UTC(2026, 0, 1);
const STEP_MS = 1000;
const CHILD = fileURLToPath(new URL('./ingest-child.ts', import.meta.url));

export function readingsOf(first: number, count: number): unknown[] {
  return Array.from({ length: count }, (_, i) => ({
    device_id: 'meter',
    timestamp: new Date(START + (first + i) * STEP_MS).toISOString(),
    values: { 'load.power_kw': (first + i) / 1000, 'load.energy_kwh': first + i },
  }));
}

/** Starts posting to a data folder; resolves when it is open. */
export async function startIngest(
  folder: string,
  options: ChildOptions,
  environment: Readonly<Record<string, string>>,
): Promise<IngestRun> {
  const child = spawn(process.execPath, [CHILD, JSON.stringify(options)], {
    env: {
      PATH: process.env.PATH,
      HOME: folder,
      WATTKEEPER_DATA_DIR: folder,
      WATTKEEPER_INGEST__STORE_PAUSE_MS: '5',
      ...environment,
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (data: Buffer) => {
    errors += data.toString();
  });
  const ready = Promise.withResolvers<void>();
  const settled = Promise.withResolvers<void>();
  const gone = Promise.withResolvers<void>();
  const acknowledged: Acknowledged[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [first, count, durable] = line.split(' ');
    if (first === 'ready') ready.resolve();
    else if (first === 'settled') settled.resolve();
    else acknowledged.push({ first: Number(first), count: Number(count), durable: durable === 'true' });
  });
  child.once('close', (_, signal) => {
    if (signal !== 'SIGKILL') {
      const failure = new Error(`the process that ingests ended: ${errors}`);
      ready.reject(failure);
      settled.reject(failure);
    }
    gone.resolve();
  });
  settled.promise.catch(() => {});
  await ready.promise;
  return {
    acknowledged,
    over: settled.promise,
    settle: () => {
      child.stdin.write('settle\n');
      return settled.promise;
    },
    kill: async () => {
      child.kill('SIGKILL');
      await gone.promise;
    },
  };
}

/** Opens a folder like a start of the service, and compares every store with the acknowledged readings from number `from`. */
export function checkIngested(
  folder: string,
  environment: Readonly<Record<string, string>>,
  acknowledged: readonly Acknowledged[],
  from = 0,
): Promise<Check> {
  return withFolder(folder, environment, async ({ stores, ingest, directory }) => {
    const id = directory.find('meter')?.id;
    let [checked, lost, duplicated, wrong] = [0, 0, 0, 0];
    for (const { name, store } of stores) {
      await ingest.caughtUp(name, AbortSignal.timeout(120_000));
      const found = new Set<number>();
      const window = { start: START + from * STEP_MS, end: Date.UTC(2100, 0, 1) };
      const edges = Float64Array.of(window.start, window.end);
      const request = {
        deviceIds: id === undefined ? [] : [id],
        group: 'load',
        quantities: ['power_kw', 'energy_kwh'],
        window,
      };
      for await (const { timestamps, columns } of store.read(request)) {
        for (const [row, timestamp] of timestamps.entries()) {
          const n = (timestamp - START) / STEP_MS;
          if (found.has(n)) duplicated++;
          found.add(n);
          if (columns[0]![row] !== n / 1000 || columns[1]![row] !== n) wrong++;
        }
      }
      const counted = await store.aggregate({ ...request, edges, asOf: window.end, rules: [NO_RULES] });
      const total = counted[0]?.buckets[0]?.count[0] ?? 0;
      duplicated += Math.abs(total - found.size);
      for (const { first, count } of acknowledged) {
        for (let n = Math.max(first, from); n < first + count; n++) {
          checked += 2;
          if (!found.has(n)) lost += 2;
        }
      }
    }
    return { checked, lost, duplicated, wrong };
  });
}
