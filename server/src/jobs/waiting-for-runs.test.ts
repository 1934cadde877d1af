import { describe, expect, it } from 'vitest';
import { arrange, gate, job, WRITER } from '../../test/jobs/scheduler-world.ts';
import { InvalidInput, Unavailable } from '../domain/errors.ts';

describe('a run that someone waits for', () => {
  it('answers its caller, records the result of the job, and continues after the time to wait', async () => {
    const { run, open } = gate();
    const toResult = (answer: unknown) => ({ kept: (answer as { kept: number }).kept });
    const { scheduler, records } = await arrange([
      job({ name: 'quick', run: async () => ({ kept: 1, series: [2] }), toResult }),
      job({ name: 'slow', run }),
    ]);
    await scheduler.start();
    const quick = await scheduler.runFor('quick', WRITER, {}, 60_000);
    expect(quick.answer).toEqual({ kept: 1, series: [2] });
    expect(await records.jobRuns.require(quick.run.id)).toMatchObject({ state: 'succeeded', result: { kept: 1 } });
    const slow = await scheduler.runFor('slow', WRITER, {}, 1);
    expect(slow.answer).toBeUndefined();
    open(3);
    await scheduler.idle();
    expect(await records.jobRuns.require(slow.run.id)).toMatchObject({ state: 'succeeded', result: 3 });
  });

  it('rejects with the error of the job, or says that it was cancelled', async () => {
    const wrong = new InvalidInput('too few hours', { fields: [{ field: 'start_date', detail: 'is too late' }] });
    const { run } = gate();
    const { scheduler } = await arrange([
      job({ name: 'wrong', run: () => Promise.reject(wrong) }),
      job({ name: 'slow', run }),
    ]);
    await scheduler.start();
    await expect(scheduler.runFor('wrong', WRITER, {}, 60_000)).rejects.toBe(wrong);
    const waiting = expect(scheduler.runFor('slow', WRITER, {}, 60_000)).rejects.toThrow('the job was cancelled');
    await expect.poll(() => scheduler.runs()).toHaveLength(1);
    expect(scheduler.cancel(scheduler.runs()[0]!.id, WRITER)).toBe(true);
    await waiting;
  });

  it('is no failure of the service when the job rejects the request', async () => {
    const { scheduler, errors } = await arrange([
      job({ name: 'wrong', run: () => Promise.reject(new InvalidInput('no')) }),
    ]);
    await scheduler.start();
    await expect(scheduler.runFor('wrong', WRITER, {}, 60_000)).rejects.toThrow('no');
    expect(scheduler.status().find(({ definition }) => definition.name === 'wrong')?.consecutiveFailures).toBe(0);
    expect(errors).toEqual([]);
  });

  it('can be requested again when the service stops, whether it is active or queued', async () => {
    const { run } = gate();
    const names = ['first', 'second', 'queued'];
    const { scheduler } = await arrange(names.map((name) => job({ name, run })));
    await scheduler.start();
    const waiting = names.map((name) =>
      expect(scheduler.runFor(name, WRITER, {}, 60_000)).rejects.toThrow(Unavailable),
    );
    await expect.poll(() => scheduler.load()).toEqual({ running: 2, queued: 1 });
    await scheduler.close();
    await Promise.all(waiting);
  });

  it('starts a run that was requested before the scheduler', async () => {
    const { scheduler } = await arrange([job({ name: 'early', run: async () => 1 })]);
    const early = scheduler.runFor('early', WRITER, {}, 60_000);
    await expect.poll(() => scheduler.load().queued).toBe(1);
    await scheduler.start();
    expect((await early).answer).toBe(1);
  });
});
