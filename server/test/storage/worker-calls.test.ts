import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { InvalidInput, Unavailable } from '../../src/domain/errors.ts';
import { WorkerCalls } from '../../src/domain/worker-calls.ts';
import type { FailingMethods } from './failing.worker.ts';

describe('calls to a worker', () => {
  let calls: WorkerCalls<FailingMethods>;
  beforeEach(() => {
    calls = new WorkerCalls(new URL('./failing.worker.ts', import.meta.url), 'the test worker');
  });
  afterEach(() => calls.terminate());

  it('transfer values and the ownership of memory in both directions', async () => {
    const numbers = Float64Array.of(1, 2);
    const doubled = await calls.call('double', [numbers], { transfer: [numbers.buffer] });
    expect(doubled).toEqual(Float64Array.of(2, 4));
    expect(numbers).toHaveLength(0);
  });

  it('return expected errors with their class', async () => {
    const refused = calls.call('refuse', ['coal']);
    await expect(refused).rejects.toBeInstanceOf(InvalidInput);
    await expect(refused).rejects.toThrow('only good things are allowed; got coal');
  });

  it('return errors completely: class, code, fields, causes and stack', async () => {
    const error = await calls.call('fail', []).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InvalidInput);
    expect(error).toMatchObject({ code: 'invalid_input', fields: [{ field: 'power', detail: 'is missing' }] });
    expect((error as Error).stack).toContain('failing.worker.ts');
    expect((error as Error).cause).toBeInstanceOf(Unavailable);
    expect((error as Error).cause).toMatchObject({ message: 'the meter is away', retryAfterS: 3 });
  });

  it('can be aborted before they start and while they run', async () => {
    await expect(calls.call('wait', [], { signal: AbortSignal.abort() })).rejects.toThrow(/aborted/);
    const controller = new AbortController();
    const waiting = calls.call('wait', [], { signal: controller.signal });
    controller.abort();
    await expect(waiting).rejects.toThrow(/aborted/);
  });

  it('reject with Unavailable once the worker has exited, both pending and later calls', async () => {
    const waiting = calls.call('wait', []);
    const dying = calls.call('die', []);
    await expect(waiting).rejects.toBeInstanceOf(Unavailable);
    await expect(dying).rejects.toThrow(/the test worker stopped with code 3; open it again/);
    await expect(calls.call('refuse', ['x'])).rejects.toBeInstanceOf(Unavailable);
  });
});
