import { afterEach } from 'vitest';
import type { JobRun } from '../../src/domain/job-run.ts';
import type { Rights } from '../../src/domain/rights.ts';
import type { JobContext, JobDefinition } from '../../src/jobs/job.ts';
import { Scheduler } from '../../src/jobs/scheduler.ts';
import { openRecords, type RecordStore } from '../../src/storage/records/record-store.ts';

export const WRITER: Rights = { name: 'writer', scopes: ['read', 'write'] };
export const START = Date.parse('2026-03-28T23:10:00Z');

let closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.reverse()) await close();
  closers = [];
});

export async function arrange(
  jobs: readonly JobDefinition[],
  { timeZone = 'UTC', records: given, clock = { now: START } }: Arrangement = {},
) {
  const records = given ?? (await openRecords({ type: 'sqlite', path: ':memory:' }, { now: () => clock.now }));
  const errors: string[] = [];
  const changes: JobRun[] = [];
  const zone = { name: timeZone };
  const scheduler = new Scheduler(jobs, {
    runs: records.jobRuns,
    timeZone: async () => zone.name,
    now: () => clock.now,
    onChange: (run) => changes.push(run),
    onError: (job, error) => errors.push(`${job}: ${(error as Error).message}`),
  });
  closers.push(() => scheduler.close());
  const at = async (time: string) => {
    clock.now = Date.parse(time);
    await scheduler.tick();
    await scheduler.idle();
  };
  return { scheduler, records, clock, errors, changes, zone, at };
}

interface Arrangement {
  readonly timeZone?: string;
  readonly records?: RecordStore;
  readonly clock?: { now: number };
}

export function job(overrides: Partial<JobDefinition> = {}): JobDefinition {
  return {
    name: 'count',
    title: 'Count',
    description: 'Counts.',
    scope: 'write',
    schedule: '30 * * * *',
    run: async () => null,
    ...overrides,
  };
}

/** A job that ends when it is opened, or when its signal aborts. */
export function gate() {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  const run = ({ signal }: JobContext) =>
    Promise.race([
      promise,
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
    ]);
  return { run, open: resolve };
}
