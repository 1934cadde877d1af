import { randomUUID } from 'node:crypto';
import { Cron } from 'croner';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { arrange, gate, job, START, WRITER } from '../../test/jobs/scheduler-world.ts';

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

  it('runs what is overdue although the zone of the site changes before it could run', async () => {
    let runs = 0;
    const definition = job({ schedule: '0 2 * * *', run: async () => ++runs });
    const first = await arrange([definition]);
    await first.scheduler.start();
    await first.at('2026-03-29T02:00:00Z');
    await first.scheduler.close();

    const second = await arrange([definition], { records: first.records });
    second.clock.now = Date.parse('2026-04-01T08:00:00Z');
    await second.scheduler.start();
    second.zone.name = 'Europe/Warsaw';
    await second.at('2026-04-01T08:00:06Z');
    expect(runs).toBe(2);
    // Asleep through a turn, and the zone is another one when it wakes.
    second.zone.name = 'America/New_York';
    await second.at('2026-04-03T12:00:00Z');
    expect(runs).toBe(3);
  });

  it('catches up a job that has never run, because the machine is off at its turns', async () => {
    let runs = 0;
    const first = await arrange([job({ schedule: '0 2 * * *', run: async () => ++runs }), job({ name: 'hourly' })]);
    await first.scheduler.start();
    await first.at('2026-03-28T23:30:00Z');
    await first.scheduler.close();
    const second = await arrange([job({ schedule: '0 2 * * *', run: async () => ++runs })], { records: first.records });
    second.clock.now = Date.parse('2026-03-29T08:00:00Z');
    await second.scheduler.start();
    await second.at('2026-03-29T08:00:06Z');
    expect(runs).toBe(1);
  });

  it('goes on by the right clock after one that was years ahead, also after a restart', async () => {
    let runs = 0;
    const definition = job({ schedule: '0 2 * * *', run: async () => ++runs });
    const { scheduler, records, at } = await arrange([definition]);
    await scheduler.start();
    await at('2031-01-01T00:00:00Z');
    expect(runs).toBe(1);
    await at('2026-03-29T01:00:00Z');
    expect(scheduler.status()[0]?.nextRunAt).toBe(Date.parse('2026-03-29T02:00:00Z'));
    await at('2026-03-29T02:00:00Z');
    expect(runs).toBe(2);
    await scheduler.close();
    const again = await arrange([definition], { records });
    again.clock.now = Date.parse('2026-03-30T08:00:00Z');
    await again.scheduler.start();
    await again.at('2026-03-30T08:00:06Z');
    expect(runs).toBe(3);
  });

  it('does not repeat a turn when the clock is set back by a second', async () => {
    let runs = 0;
    const { scheduler, at } = await arrange([job({ schedule: '0 2 * * *', run: async () => ++runs })]);
    await scheduler.start();
    await at('2026-03-29T02:00:00Z');
    await at('2026-03-29T01:59:59Z');
    await at('2026-03-29T02:00:00Z');
    expect(runs).toBe(1);
  });

  it('starts a run later that could not be put on record', async () => {
    let runs = 0;
    const { scheduler, records, errors, at } = await arrange([job({ schedule: '0 2 * * *', run: async () => ++runs })]);
    const { create } = records.jobRuns;
    await scheduler.start();
    records.jobRuns.create = () => Promise.reject(new Error('the disk is full'));
    await at('2026-03-29T02:00:00Z');
    expect(errors).toEqual(['count: the disk is full']);
    records.jobRuns.create = create;
    await at('2026-03-29T02:01:00Z');
    expect(runs).toBe(1);
  });

  it('leaves no turn without a run after it, whatever happens to clock, zone and service', async () => {
    const zones = fc.constantFrom('UTC', 'Europe/Warsaw', 'America/New_York', 'Asia/Tokyo', 'Pacific/Auckland');
    const step = fc.record({
      minutes: fc.oneof(fc.integer({ min: 1, max: 3000 }), fc.integer({ min: -100_000, max: 2_000_000 })),
      zone: zones,
      restarts: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
        const runs: number[] = [];
        const clock = { now: START };
        const note = async () => void runs.push(clock.now);
        const definitions = [job({ schedule: '0 2 * * *', run: note })];
        let world = await arrange(definitions, { clock });
        await world.records.jobRuns.create('another');
        await world.scheduler.start();
        // From here on every turn counts; a clock that is set back begins again.
        let since = START;
        for (const { minutes, zone, restarts } of steps) {
          clock.now += minutes * 60_000;
          since = Math.min(since, clock.now);
          if (restarts) {
            await world.scheduler.close();
            world = await arrange(definitions, { clock, records: world.records, timeZone: world.zone.name });
            await world.scheduler.start();
            clock.now += 6000;
          }
          world.zone.name = zone;
          await world.scheduler.tick();
          await world.scheduler.idle();
          const ran = Math.max(since, ...runs.filter((at) => at <= clock.now));
          const turn = new Cron('0 2 * * *', { timezone: zone }).nextRun(new Date(ran))?.getTime() ?? 0;
          expect(turn, new Date(clock.now).toISOString()).toBeGreaterThan(clock.now);
          since = ran;
        }
        await world.scheduler.close();
      }),
      { numRuns: 60 },
    );
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
    await scheduler.run('count', WRITER);
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
    const { id } = await scheduler.run('count', WRITER);
    await scheduler.idle();
    expect(await records.jobRuns.require(id)).toMatchObject({
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
    const first = await scheduler.run('count', WRITER, { machine: 'press' });
    await expect(scheduler.run('count', WRITER, { machine: 'press' })).rejects.toThrow(first.id);
    await scheduler.run('count', WRITER, { machine: 'oven' });
    expect(scheduler.load()).toEqual({ queued: 0, running: 2 });
    open(null);
    await scheduler.idle();
    await expect(scheduler.run('count', WRITER, { machine: 5 })).rejects.toThrow(/machine/);
    await expect(scheduler.run('county', WRITER)).rejects.toThrow(/there are count/);
  });

  it('waits in line when enough work, and can be cancelled there and at work', async () => {
    const { run } = gate();
    const { scheduler, records } = await arrange(['a', 'b', 'c'].map((name) => job({ name, run })));
    await scheduler.start();
    const runs = [await scheduler.run('a', WRITER), await scheduler.run('b', WRITER), await scheduler.run('c', WRITER)];
    expect(scheduler.load()).toEqual({ queued: 1, running: 2 });
    for (const { id } of runs.toReversed()) expect(scheduler.cancel(id, WRITER)).toBe(true);
    await scheduler.idle();
    for (const { id } of runs) expect((await records.jobRuns.require(id)).state).toBe('cancelled');
    expect(scheduler.cancel(randomUUID(), WRITER)).toBe(false);
  });

  it('interrupted by the end of the service is recorded as failed and run again', async () => {
    const { run } = gate();
    const first = await arrange([job({ run })]);
    await first.scheduler.start();
    const { id } = await first.scheduler.run('count', WRITER);
    await first.scheduler.close();
    expect(await first.records.jobRuns.require(id)).toMatchObject({
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
    const run = await records.jobRuns.create('count');
    await records.jobRuns.update(run.id, { state: 'running' });
    await scheduler.start();
    expect((await records.jobRuns.require(run.id)).state).toBe('failed');
  });
});
