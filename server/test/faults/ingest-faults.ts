import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { temporaryFolder } from '../journeys/service.ts';
import {
  compileFaultyVfs,
  environmentOfVfs,
  type Faults,
  failuresOf,
  NO_FAULTS,
  OPS,
  prepareControl,
  readLog,
  setFaults,
} from './disk/faulty-vfs.ts';
import { Disk } from './disk/power-cut.ts';
import { type Acknowledged, type Check, type ChildOptions, checkIngested, startIngest } from './ingest-runs.ts';
import { randomOf } from './kill-repeatedly.ts';

export interface IngestReport extends Check {
  /** Kills, power cuts, or rounds of faults. */
  readonly times: number;
  /** Values acknowledged as durable and not. */
  readonly durable: number;
  readonly inMemory: number;
  /** Injected failures of disk operations. */
  readonly failures: number;
}

export interface IngestPlan {
  readonly times: number;
  readonly seed: number;
  readonly onTime?: (times: number) => void;
}

const TWO_STORES = { WATTKEEPER_STORES__0__TYPE: 'duckdb', WATTKEEPER_STORES__1__TYPE: 'sqlite' };
/** All writes go through the faulty file system. */
const SQLITE_ALONE = { WATTKEEPER_STORES__0__TYPE: 'sqlite', WATTKEEPER_BACKUP__POINT_IN_TIME: 'false' };
const POSTS: ChildOptions = {
  extension: null,
  log: null,
  first: 0,
  posters: 3,
  sizes: [20, 1, 200, 20, 3],
  maxPosts: Number.MAX_SAFE_INTEGER,
  pauseMs: 0,
};
const CHECK_EVERY = 10;
const MAX_LIFE_MS = 250;
/** Readings per post that fill the write-ahead log, so that a checkpoint runs during ingest. */
const MANY_READINGS = 8_000;

/** Kills ingest at random instants; afterwards, two stores contain every acknowledged reading once. */
export async function killIngest({ times, seed, onTime }: IngestPlan): Promise<IngestReport> {
  const random = randomOf(seed);
  const folder = temporaryFolder();
  const acknowledged: Acknowledged[] = [];
  let first = 0;
  let check: Check = { checked: 0, lost: 0, duplicated: 0, wrong: 0 };
  for (let kill = 1; kill <= times; kill++) {
    const run = await startIngest(folder.path, { ...POSTS, first }, TWO_STORES);
    await delay(random() * MAX_LIFE_MS);
    await run.kill();
    acknowledged.push(...run.acknowledged);
    const from = first;
    // Readings in flight may be stored; numbers are never used twice.
    first = Math.max(first, ...run.acknowledged.map((one) => one.first + one.count)) + 10_000;
    if (kill % CHECK_EVERY === 0 && kill < times)
      check = worse(check, await checkIngested(folder.path, TWO_STORES, acknowledged, from));
    onTime?.(kill);
  }
  check = worse(check, await checkIngested(folder.path, TWO_STORES, acknowledged));
  return conclude(folder, check, { times, acknowledged, failures: 0 });
}

/** Logs the disk operations of ingest, and opens the states that power cuts at random operations may leave. */
export async function cutPower(compiler: string, { times, seed, onTime }: IngestPlan): Promise<IngestReport> {
  const random = randomOf(seed);
  const world = temporaryFolder();
  const { log } = await runOnFaultyDisk(compiler, world.path, { seed, maxPosts: 60 + 2 * times, rounds: 0, random });
  const operations = readLog(log);
  const begins = operations.findIndex(({ op }) => op === OPS.acknowledged);
  const cuts = Array.from({ length: times }, () => begins + Math.floor(random() * (operations.length - begins)));
  cuts.sort((a, b) => a - b);
  const disk = new Disk();
  const acknowledged: Acknowledged[] = [];
  let check: Check = { checked: 0, lost: 0, duplicated: 0, wrong: 0 };
  let at = 0;
  for (const [i, cut] of cuts.entries()) {
    for (; at < cut; at++) {
      const operation = operations[at]!;
      if (operation.op !== OPS.acknowledged) disk.apply(operation);
      else acknowledged.push({ first: operation.offset, count: operation.length, durable: operation.file === 1 });
    }
    const left = join(world.path, 'left');
    disk.cut(left, random);
    check = worse(check, await checkIngested(left, SQLITE_ALONE, acknowledged), true);
    rmSync(left, { recursive: true });
    onTime?.(i + 1);
  }
  return conclude(world, check, { times, acknowledged, failures: 0 });
}

/** Fails disk operations at random during ingest; once the disk works again, every acknowledged reading is present after a kill. */
export async function injectFaults(compiler: string, { times, seed }: IngestPlan): Promise<IngestReport> {
  const random = randomOf(seed);
  const world = temporaryFolder();
  const { data, acknowledged, failures } = await runOnFaultyDisk(compiler, world.path, {
    seed,
    maxPosts: Number.MAX_SAFE_INTEGER,
    rounds: times,
    random,
  });
  const check = await checkIngested(data, SQLITE_ALONE, acknowledged);
  return conclude(world, check, { times, acknowledged, failures });
}

interface FaultyRun {
  readonly seed: number;
  readonly maxPosts: number;
  /** Rounds of faults. */
  readonly rounds: number;
  readonly random: () => number;
}

const ROUND_MS = 150;

/** Ingests on the faulty disk until everything is settled, then kills. */
async function runOnFaultyDisk(compiler: string, world: string, { seed, maxPosts, rounds, random }: FaultyRun) {
  const extension = compileFaultyVfs(compiler, world);
  const environment = environmentOfVfs(world, seed);
  const { FAULTY_VFS_LOG: log = '', FAULTY_VFS_CONTROL: control = '' } = environment;
  writeFileSync(log, '');
  prepareControl(control);
  const data = join(world, 'data');
  const sizes = rounds > 0 ? POSTS.sizes : [...POSTS.sizes, MANY_READINGS];
  const run = await startIngest(
    data,
    { ...POSTS, extension, log, sizes, maxPosts, pauseMs: rounds > 0 ? 2 : 0 },
    { ...SQLITE_ALONE, ...environment },
  );
  for (let round = 0; round < rounds; round++) {
    setFaults(control, faultsOf(random));
    await delay(ROUND_MS * random());
    if (random() < 0.5) setFaults(control, NO_FAULTS);
    await delay(ROUND_MS * random());
  }
  setFaults(control, NO_FAULTS);
  if (rounds > 0) await run.settle();
  else await run.over;
  await run.kill();
  const copy = join(world, 'killed');
  cpSync(data, copy, { recursive: true });
  return { log, data: copy, acknowledged: run.acknowledged, failures: failuresOf(control) };
}

/** Each kind of fault is absent, rare, frequent or permanent. */
function faultsOf(random: () => number): Faults {
  const share = () => [0, 0, 0, 20, 500, 10_000][Math.floor(random() * 6)]!;
  return {
    writeError: share(),
    shortWrite: share(),
    syncError: share(),
    lyingSync: 0,
    truncateError: share(),
    delay: share() / 10,
    delayUs: 2_000,
  };
}

/** Sums the faults of two checks; also the checked values with `add`, for different disks, else their maximum. */
function worse(before: Check, now: Check, add = false): Check {
  return {
    checked: add ? before.checked + now.checked : Math.max(before.checked, now.checked),
    lost: before.lost + now.lost,
    duplicated: before.duplicated + now.duplicated,
    wrong: before.wrong + now.wrong,
  };
}

function conclude(
  folder: ReturnType<typeof temporaryFolder>,
  check: Check,
  { times, acknowledged, failures }: { times: number; acknowledged: readonly Acknowledged[]; failures: number },
): IngestReport {
  const whole = check.lost + check.duplicated + check.wrong === 0;
  if (whole) folder.remove();
  const values = (durable: boolean) =>
    acknowledged.reduce((sum, one) => sum + (one.durable === durable ? 2 * one.count : 0), 0);
  return { ...check, times, failures, durable: values(true), inMemory: values(false) };
}
