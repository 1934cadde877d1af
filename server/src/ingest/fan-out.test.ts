import { expect, test } from 'vitest';
import type { Batch } from '../domain/columns/batch.ts';
import { FanOut } from './fan-out.ts';
import { MemoryJournal } from './memory-journal.ts';
import { RecentBatches } from './recent-batches.ts';

const NEVER = new AbortController().signal;

/** A journal with a store that can be made to fail. */
function setUp(pauseMs = 0) {
  const journal = new MemoryJournal(Date.now);
  const recent = new RecentBatches(journal);
  const store = { taken: [] as number[], failing: false, errors: 0 };
  const fanOut = new FanOut({
    name: 'store',
    sink: {
      write: async (batches: readonly Batch[]) => {
        if (store.failing) throw new Error('the store is down');
        store.taken.push(...batches.map(({ sequence }) => sequence));
      },
    },
    batches: recent,
    cursor: 0,
    pauseMs,
    now: Date.now,
    onAdvance: () => {},
    onError: () => store.errors++,
  });
  const append = async () => {
    const { sequence, acceptedAt } = await journal.append([], []);
    recent.add({ sequence, acceptedAt, blocks: [] });
    fanOut.notify();
  };
  return { journal, recent, store, fanOut, append };
}

test('every batch reaches the store once and in order', async () => {
  const { store, fanOut, append } = setUp();
  await append();
  fanOut.start();
  for (let i = 0; i < 20; i++) await append();
  await fanOut.drain(NEVER);
  expect(store.taken).toEqual(Array.from({ length: 21 }, (_, i) => i + 1));
  expect(fanOut.status(21)).toMatchObject({ status: 'ok', lagBatches: 0 });
});

test('a store that is down retains its position and catches up when it is available', async () => {
  const { journal, store, fanOut, append } = setUp();
  store.failing = true;
  fanOut.start();
  await append();
  await append();
  await expect.poll(() => store.errors).toBeGreaterThan(0);
  expect(fanOut.status(journal.head())).toMatchObject({
    status: 'failed',
    lagBatches: 2,
    lastError: 'the store is down',
  });
  store.failing = false;
  await expect.poll(() => store.taken).toEqual([1, 2]);
  expect(fanOut.status(journal.head()).status).toBe('ok');
  await fanOut.drain(NEVER);
});

test('stopping waits neither for a pause nor indefinitely for a failing store', async () => {
  const { store, fanOut, append } = setUp(60_000);
  fanOut.start();
  await append();
  await expect.poll(() => store.taken).toEqual([1]);
  await append();
  await fanOut.drain(NEVER);
  expect(store.taken).toEqual([1, 2]);

  const broken = setUp();
  broken.store.failing = true;
  broken.fanOut.start();
  await broken.append();
  await broken.fanOut.drain(NEVER);
  expect(broken.store.taken).toEqual([]);
});

test('batches evicted from memory are read from the journal', async () => {
  const { journal, store, fanOut } = setUp();
  await journal.append([], []);
  await journal.append([], []);
  const reopened = new RecentBatches(journal);
  expect((await reopened.next(0)).batches.map(({ sequence }) => sequence)).toEqual([1, 2]);
  expect((await reopened.next(2)).batches).toEqual([]);
  await fanOut.drain(NEVER);
  expect(store.taken).toEqual([]);
});
