import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { JobRun } from '../domain/job-run.ts';
import { openRecords, type RecordStore } from '../storage/records/record-store.ts';
import type { JobContext, JobDefinition } from './job.ts';
import { Scheduler } from './scheduler.ts';

const START = Date.parse('2026-03-28T23:10:00Z');

let closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.reverse()) await close();
  closers = [];
});

async function arrange(jobs: readonly JobDefinition[], { timeZone = 'UTC', records: given }: Arrangement = {}) {
  const clock = { now: START };
  const records = given ?? (await openRecords({ type: 'sqlite', path: ':memory:' }, { now: () => clock.now }));
  const errors: string[] = [];
  const changes: JobRun[] = [];
  const zone = { name: timeZone };
  const scheduler = new Scheduler(jobs, {
    runs: records.jobs,
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
}

function job(overrides: Partial<JobDefinition> = {}): JobDefinition {
  return {
    name: 'count',
    title: 'Count',
    description: 'Counts.',
    schedule: '30 * * * *',
    run: async () => null,
    ...overrides,
  };
}

/** A job that ends when told, or when its signal says so. */
function gate() {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  const run = ({ signal }: JobContext) =>
    Promise.race([
      promise,
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
    ]);
  return { run, open: resolve };
}

describe('the clock', () => {
  it('runs a job at each of its turns, once', async () => {
    let runs = 0;
    const { scheduler, at } = await arrange([job({ run: async () => ++runs })]);
    await scheduler.start();
    await at('2026-03-28T23:29:59Z');
    expect(runs).toBe(0);
    await at('2026-03-28T23:30:00Z');
    await at('2026-03-28T23:31:00Z');
    expect(runs).toBe(1);
    await at('2026-03-29T00:30:01Z');
    expect(runs).toBe(2);
  });

  it("reads schedules in the site's time, through the change to summer time", async () => {
    const turns: string[] = [];
    const { scheduler, clock, at } = await arrange(
      [
        job({
          schedule: '30 0 * * *',
          run: async () => void turns.push(new Date(clock.now).toISOString()),
        }),
      ],
      { timeZone: 'Europe/Warsaw' },
    );
    await scheduler.start();
    // 00:30 in Warsaw is 23:30 UTC in winter, 22:30 UTC in summer.
    for (const time of ['2026-03-28T23:30:00Z', '2026-03-29T22:29:00Z', '2026-03-29T22:30:00Z', '2026-03-29T23:30:00Z'])
      await at(time);
    expect(turns).toEqual(['2026-03-28T23:30:00.000Z', '2026-03-29T22:30:00.000Z']);
  });

  it('follows the zone when the site moves', async () => {
    const { scheduler, zone, at } = await arrange([job({ schedule: '0 12 * * *' })]);
    await scheduler.start();
    zone.name = 'Asia/Tokyo';
    await at('2026-03-28T23:11:00Z');
    expect(scheduler.status()[0]?.nextRunAt).toBe(Date.parse('2026-03-29T03:00:00Z'));
  });

  it('catches up a missed turn once after a restart', async () => {
    let runs = 0;
    const definition = job({ schedule: '0 2 * * 0', run: async () => ++runs });
    const first = await arrange([definition]);
    await first.scheduler.start();
    await first.at('2026-03-29T02:00:00Z');
    await first.scheduler.close();
    expect(runs).toBe(1);

    const second = await arrange([definition], { records: first.records });
    second.clock.now = Date.parse('2026-04-20T08:00:00Z');
    await second.scheduler.start();
    await second.at('2026-04-20T08:00:06Z');
    await second.at('2026-04-20T09:00:00Z');
    expect(runs).toBe(2);
  });

  it('runs nothing at the first start, when nothing was missed', async () => {
    let runs = 0;
    const { scheduler, at } = await arrange([job({ schedule: '0 2 * * 0', run: async () => ++runs })]);
    await scheduler.start();
    await at('2026-03-28T23:20:00Z');
    expect(runs).toBe(0);
  });

  it('tries again after a failure, with growing waits, and then waits for the next turn', async () => {
    let fails = true;
    const { scheduler, errors, at } = await arrange([
      job({
        schedule: '0 2 * * *',
        run: async () => {
          if (fails) throw new Error('no data yet');
        },
      }),
    ]);
    await scheduler.start();
    await at('2026-03-29T02:00:00Z');
    expect(scheduler.status()[0]).toMatchObject({
      consecutiveFailures: 1,
      retryAt: Date.parse('2026-03-29T02:01:00Z'),
    });
    await at('2026-03-29T02:01:00Z');
    expect(scheduler.status()[0]?.retryAt).toBe(Date.parse('2026-03-29T02:05:00Z'));
    expect(errors).toEqual(['count: no data yet', 'count: no data yet']);
    fails = false;
    await at('2026-03-29T02:05:00Z');
    expect(scheduler.status()[0]).toMatchObject({ consecutiveFailures: 0, retryAt: null });
  });

  it('leaves a job alone whose feature is off', async () => {
    let runs = 0;
    const { scheduler, at } = await arrange([job({ enabled: () => false, run: async () => ++runs })]);
    await scheduler.start();
    await at('2026-03-28T23:30:00Z');
    expect(runs).toBe(0);
    await scheduler.run('count');
    await scheduler.idle();
    expect(runs).toBe(1);
  });
});

describe('a run', () => {
  it('is on record with its result, progress and times', async () => {
    const { scheduler, records, changes } = await arrange([
      job({
        run: async ({ progress }) => {
          progress(0.5, 'half way');
          return { days: 3 };
        },
      }),
    ]);
    await scheduler.start();
    const { id } = await scheduler.run('count');
    await scheduler.idle();
    expect(await records.jobs.require(id)).toMatchObject({
      state: 'succeeded',
      progress: 1,
      message: 'half way',
      result: { days: 3 },
      startedAt: START,
      finishedAt: START,
    });
    expect(changes.map(({ state, progress }) => [state, progress])).toEqual([
      ['queued', null],
      ['running', null],
      ['running', 0.5],
      ['succeeded', 1],
    ]);
  });

  it('does not overlap itself, but another one of other parameters may work beside it', async () => {
    const { run, open } = gate();
    const { scheduler } = await arrange([
      job({
        params: z.object({ machine: z.string() }) as z.ZodType,
        key: (params) => (params as { machine: string }).machine,
        schedule: null,
        run,
      }),
    ]);
    await scheduler.start();
    const first = await scheduler.run('count', { machine: 'press' });
    await expect(scheduler.run('count', { machine: 'press' })).rejects.toThrow(first.id);
    await scheduler.run('count', { machine: 'oven' });
    expect(scheduler.load()).toEqual({ queued: 0, running: 2 });
    open(null);
    await scheduler.idle();
    await expect(scheduler.run('count', { machine: 5 })).rejects.toThrow(/machine/);
    await expect(scheduler.run('county')).rejects.toThrow(/there are count/);
  });

  it('waits in line when enough work, and can be cancelled there and at work', async () => {
    const { run } = gate();
    const { scheduler, records } = await arrange(['a', 'b', 'c'].map((name) => job({ name, run })));
    await scheduler.start();
    const runs = [await scheduler.run('a'), await scheduler.run('b'), await scheduler.run('c')];
    expect(scheduler.load()).toEqual({ queued: 1, running: 2 });
    for (const { id } of runs.toReversed()) expect(scheduler.cancel(id)).toBe(true);
    await scheduler.idle();
    for (const { id } of runs) expect((await records.jobs.require(id)).state).toBe('cancelled');
    expect(scheduler.cancel(randomUUID())).toBe(false);
  });

  it('that the end of the service cut off is told as failed and made up for', async () => {
    const { run } = gate();
    const first = await arrange([job({ run })]);
    await first.scheduler.start();
    const { id } = await first.scheduler.run('count');
    await first.scheduler.close();
    expect(await first.records.jobs.require(id)).toMatchObject({
      state: 'failed',
      error: 'the service ended while it ran',
    });
    let runs = 0;
    const second = await arrange([job({ run: async () => ++runs })], { records: first.records });
    await second.scheduler.start();
    await second.at('2026-03-28T23:10:05Z');
    expect(runs).toBe(1);
  });

  it('left behind by a killed process counts as failed', async () => {
    const { records, scheduler } = await arrange([job()]);
    const run = await records.jobs.create('count');
    await records.jobs.update(run.id, { state: 'running' });
    await scheduler.start();
    expect((await records.jobs.require(run.id)).state).toBe('failed');
  });
});
