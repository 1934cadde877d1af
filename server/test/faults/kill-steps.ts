/**
 * Loaded into a process by `--import`: counts its steps, which are changes of the file system and statements that change a database, of all
 * its threads together, and kills it with SIGKILL before the requested one. The file of `KILL_STEPS` has one byte per step;
 * the file next to it (`.at`) contains the number of the step, as a double, 0 for none.
 */
import fs from 'node:fs';
import fsp from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { DatabaseSync, StatementSync } from 'node:sqlite';
import { isMainThread } from 'node:worker_threads';

type Call = (this: unknown, ...parameters: unknown[]) => unknown;

const CHANGES = /^\s*(insert|update|delete|commit|create|alter|drop|attach|detach|copy|checkpoint|vacuum)/i;
/** Excluded: every reading is a step here, which would outnumber all others. */
const JOURNAL = /journal_/;

const path = process.env.KILL_STEPS as string;
const { openSync, writeSync, fstatSync, readSync } = fs;
const counter = openSync(path, 'a');
const plan = openSync(`${path}.at`, 'r');
const at = new Float64Array(1);

function step(): void {
  writeSync(counter, '.');
  readSync(plan, at, 0, 8, 0);
  if (at[0] === 0 || fstatSync(counter).size < at[0]!) return;
  process.kill(process.pid, 'SIGKILL');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

function count(of: object, name: string, counts: Call = () => true): void {
  const methods = of as Record<string, Call>;
  const original = methods[name]!;
  methods[name] = function (...parameters) {
    if (counts.apply(this, parameters)) step();
    return original.apply(this, parameters);
  };
}

const writes: Call = (_, flags) => typeof flags === 'string' && flags !== 'r';
const changes: Call = (...parameters) => parameters.some((sql) => typeof sql === 'string' && CHANGES.test(sql));

const { rm } = fsp;
const methods = fsp as unknown as { rm: typeof rm };
/** Each file is a step of its own. */
methods.rm = async (target, options = {}) => {
  if (options.recursive === true && fs.statSync(target, { throwIfNoEntry: false })?.isDirectory() === true)
    for (const name of fs.readdirSync(target)) await methods.rm(join(String(target), name), options);
  step();
  return rm(target, options);
};
for (const name of ['rename', 'unlink', 'mkdir', 'mkdtemp', 'writeFile', 'copyFile']) count(fsp, name);
count(fsp, 'open', writes);
for (const name of ['renameSync', 'rmSync', 'mkdirSync', 'writeFileSync']) count(fs, name);
const handle = await fsp.open(path, 'r');
for (const name of ['sync', 'write', 'writev', 'truncate', 'writeFile']) count(Object.getPrototypeOf(handle), name);
await handle.close();
count(DatabaseSync.prototype, 'exec', changes);
const writesRecord: Call = function (this: unknown) {
  const { sourceSQL } = this as StatementSync;
  return CHANGES.test(sourceSQL) && !JOURNAL.test(sourceSQL);
};
for (const name of ['run', 'all', 'get']) count(StatementSync.prototype, name, writesRecord);
// DuckDB lives on a thread of its own.
if (!isMainThread) {
  const { Connection } = await import('../../src/storage/duckdb/engine.ts');
  for (const name of ['run', 'query']) count(Connection.prototype, name, changes);
}
syncBuiltinESMExports();
