import '../../src/config/engine.ts';
import { openSync, writeSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import pino from 'pino';
import { openPipeline } from '../../src/assembly/pipeline.ts';
import { ENVIRONMENT } from '../../src/config/environment.ts';
import { loadConfig } from '../../src/config/load.ts';
import { ExpectedError } from '../../src/domain/errors.ts';
import { loadFaultyVfs, noteAcknowledged } from './disk/faulty-vfs.ts';
import { type ChildOptions, readingsOf } from './ingest-runs.ts';

/**
 * The service's ingest path from readings to stores without HTTP, for `ingest-runs.ts`, which kills it. Posts until it is asked to settle; every
 * acknowledgement is a line on stdout, `first count durable`.
 */
const { extension, log, first, posters, sizes, maxPosts, pauseMs } = JSON.parse(process.argv[2] ?? '') as ChildOptions;
if (extension !== null) loadFaultyVfs(extension);
const logFile = log === null ? null : openSync(log, 'a');
const pipeline = await openPipeline({
  config: loadConfig({ environment: ENVIRONMENT }),
  log: pino({ level: 'silent' }),
  now: Date.now,
  withoutStores: true,
});
const say = (line: string) => writeSync(1, `${line}\n`);
say('ready');
// It is killed, and compiled code is otherwise cached only at a normal exit.
flushCompileCache();

let next = first;
let posts = 0;
let settling = false;
createInterface({ input: process.stdin }).once('line', () => {
  settling = true;
});

async function post(): Promise<void> {
  const count = sizes[posts++ % sizes.length]!;
  const from = next;
  next += count;
  try {
    const { accepted, durable } = await pipeline.intake.acceptReadings([readingsOf(from, count)]);
    if (accepted !== 2 * count) throw new Error(`${accepted} of ${2 * count} values were accepted`);
    if (logFile !== null) noteAcknowledged(logFile, from, count, durable);
    say(`${from} ${count} ${durable}`);
  } catch (error) {
    // Rejected: the sender knows.
    if (!(error instanceof ExpectedError)) throw error;
    await delay(5);
  }
}

await Promise.all(
  Array.from({ length: posters }, async () => {
    while (!settling && posts < maxPosts) {
      await post();
      if (pauseMs > 0) await delay(pauseMs);
    }
  }),
);
while (pipeline.journal.trouble !== null || pipeline.stores.some((store) => store.trouble() !== null)) await delay(20);
await Promise.all(pipeline.stores.map(({ name }) => pipeline.ingest.caughtUp(name, AbortSignal.timeout(120_000))));
say('settled');
// Killed from outside, so it has no shutdown.
await delay(600_000);
