import { getPriority, platform } from 'node:os';
import { afterEach, describe, expect, it } from 'vitest';
import { InvalidInput, Unavailable } from '../../src/domain/errors.ts';
import { ModelPool } from '../../src/jobs/model-pool.ts';
import type { TEST_MODELS } from './test-models.ts';

let pools: ModelPool<typeof TEST_MODELS>[] = [];
afterEach(async () => {
  for (const pool of pools) await pool.close();
  pools = [];
});

function open(options: { threads?: number; maxWaiting?: number } = {}) {
  const worker = new URL('./test-models.worker.ts', import.meta.url);
  const pool = new ModelPool<typeof TEST_MODELS>({ worker, threads: 1, ...options });
  pools.push(pool);
  return pool;
}

describe('a pool of models', () => {
  it('runs a model on another thread, and transfers columns on request', async () => {
    const pool = open();
    const [kept, given] = [Float64Array.of(1, 2), Float64Array.of(3)];
    const { column, threadId } = await pool.run('double', kept);
    expect(column).toEqual(Float64Array.of(2, 4));
    expect(threadId).toBeGreaterThan(0);
    expect(kept).toHaveLength(2);
    expect((await pool.run('double', given, { transfer: [given, given] })).column).toEqual(Float64Array.of(6));
    expect(given).toHaveLength(0);
  });

  it.runIf(platform() === 'linux')('lets the threads of models give way to all others', async () => {
    const own = getPriority();
    expect(await open().run('priority', undefined as never)).toBe(Math.min(own + 10, 19));
    expect(getPriority()).toBe(own);
  });

  it('passes on expected errors with their class and fields', async () => {
    const refused = await open()
      .run('refuse', 'coal')
      .catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(InvalidInput);
    expect(refused).toMatchObject({
      message: 'x must be good; got coal',
      code: 'no_data',
      fields: [{ field: 'x', detail: 'must be good; got coal' }],
    });
  });

  it('distinguishes a defect of a model from an expected error, and continues', async () => {
    const pool = open();
    const failed = await pool.run('fail', undefined as never).catch((error: unknown) => error as Error);
    expect(failed).toMatchObject({ name: 'Error', message: expect.stringContaining('undefined') });
    expect((failed as Error).stack).toContain('test-models.ts');
    const dying = pool.run('die', undefined as never);
    const behind = pool.run('double', Float64Array.of(1));
    await expect(dying).rejects.toThrow();
    expect((await behind).column).toEqual(Float64Array.of(2));
  });

  it('ends a running model when cancelled, and runs the next in the queue', async () => {
    const pool = open();
    // The thread is ready, so the model runs immediately.
    await pool.run('double', Float64Array.of(1));
    const cancel = new AbortController();
    const spinning = pool.run('spin', undefined as never, { signal: cancel.signal });
    const next = pool.run('double', Float64Array.of(4));
    await expect(pool.run('double', Float64Array.of(1), { timeoutMs: 50 })).rejects.toThrow(/took longer than 0.05 s/);
    cancel.abort(new Error('someone cancelled'));
    await expect(spinning).rejects.toThrow('someone cancelled');
    expect((await next).column).toEqual(Float64Array.of(8));
  });

  it('ends a model that takes too long', async () => {
    const pool = open();
    const late = pool.run('spin', undefined as never, { timeoutMs: 100 });
    await expect(late).rejects.toBeInstanceOf(Unavailable);
    await expect(late).rejects.toThrow('spin took longer than 0.1 s and was ended');
    expect((await pool.run('double', Float64Array.of(1))).column).toEqual(Float64Array.of(2));
  });

  it('limits the queue', async () => {
    const pool = open({ maxWaiting: 2 });
    const runs = Array.from({ length: 4 }, () => pool.run('wait', 200));
    const refused = runs.map((run) => run.then(() => null).catch((error: unknown) => error as Unavailable));
    const errors = (await Promise.all(refused)).filter((error) => error !== null);
    expect(errors.length).toBeGreaterThan(0);
    for (const error of errors) {
      expect(error).toBeInstanceOf(Unavailable);
      expect(error).toMatchObject({ message: expect.stringContaining('2 models wait'), retryAfterS: 10 });
    }
  });

  it('ends running and queued models when it closes, and accepts no others', async () => {
    const pool = open();
    const runs = [pool.run('spin', undefined as never), pool.run('double', Float64Array.of(1))];
    const ends = runs.map((run) => run.catch((error: unknown) => error));
    await pool.close();
    for (const end of await Promise.all(ends)) expect(end).toMatchObject({ message: 'the service is stopping' });
    await expect(pool.run('double', Float64Array.of(1))).rejects.toThrow('the service is stopping');
  });
});
