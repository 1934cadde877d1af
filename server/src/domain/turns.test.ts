import { expect, it } from 'vitest';
import { Turns } from './turns.ts';

it('pieces of work follow each other, and a failed one holds up none behind it', async () => {
  const turns = new Turns();
  const done: string[] = [];
  let finish = () => {};
  const first = turns.take(async () => {
    await new Promise<void>((resolve) => {
      finish = resolve;
    });
    done.push('first');
    throw new Error('broke');
  });
  const second = turns.take(async () => done.push('second'));
  await Promise.resolve();
  expect(done).toEqual([]);
  finish();
  await expect(first).rejects.toThrow('broke');
  expect(await second).toBe(2);
  expect(done).toEqual(['first', 'second']);
});
