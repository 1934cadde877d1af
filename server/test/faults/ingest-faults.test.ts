import { expect, it, test } from 'vitest';
import { describeWith } from '../needs.ts';
import { cutPower, injectFaults, killIngest } from './ingest-faults.ts';

/** `bench/ingest-faults.ts` makes a thousand kills, 200 power cuts and 100 rounds of faults. */
const NOTHING_LOST = { lost: 0, duplicated: 0, wrong: 0 };

test('kills of ingest lose and double nothing in two stores', async () => {
  const report = await killIngest({ times: 2, seed: 2 });
  expect(report).toMatchObject(NOTHING_LOST);
  expect(report.checked).toBeGreaterThan(0);
});

describeWith('C_COMPILER', 'a disk that forgets or fails', (compiler) => {
  it('forgets what was not synced, in any order, at a power cut: every acknowledged reading is there', async () => {
    const report = await cutPower(compiler, { times: 5, seed: 1 });
    expect(report).toMatchObject({ ...NOTHING_LOST, inMemory: 0 });
    expect(report.checked).toBeGreaterThan(10_000);
  });

  it('fails at writes, syncs and truncations, writes in part, and is slow: every acknowledged reading is there once it works', async () => {
    const report = await injectFaults(compiler, { times: 6, seed: 1 });
    expect(report).toMatchObject(NOTHING_LOST);
    expect(report.failures).toBeGreaterThan(0);
    expect(report.inMemory).toBeGreaterThan(0);
  });
});
