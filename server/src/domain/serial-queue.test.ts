import { expect, it } from 'vitest';
import { SerialQueue } from './serial-queue.ts';

it('tasks run in order, and a failed one does not stop those after it', async () => {
  const queue = new SerialQueue();
  const done: string[] = [];
  let finish = () => {};
  const first = queue.run(async () => {
    await new Promise<void>((resolve) => {
      finish = resolve;
    });
    done.push('first');
    throw new Error('broke');
  });
  const second = queue.run(async () => done.push('second'));
  await Promise.resolve();
  expect(done).toEqual([]);
  finish();
  await expect(first).rejects.toThrow('broke');
  expect(await second).toBe(2);
  expect(done).toEqual(['first', 'second']);
});
