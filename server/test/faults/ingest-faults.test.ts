import { expect, it, test } from 'vitest';
import { describeWith } from '../needs.ts';
import { cutPower, injectFaults, killIngest } from './ingest-faults.ts';

/** `bench/ingest-faults.ts` makes a thousand kills, 200 power cuts and 100 rounds of faults. */
const NOTHING_LOST = { lost: 0, duplicated: 0, wrong: 0 };

test('kills of ingest lose and duplicate nothing in two stores', async () => {
  const report = await killIngest({ times: 2, seed: 2 });
  expect(report).toMatchObject(NOTHING_LOST);
  expect(report.checked).toBeGreaterThan(0);
});

describeWith('C_COMPILER', 'a disk that forgets or fails', (compiler) => {
  it('keeps every acknowledged reading at a power cut that loses unsynced writes in any order', async () => {
    const report = await cutPower(compiler, { times: 5, seed: 1 });
    expect(report).toMatchObject({ ...NOTHING_LOST, inMemory: 0 });
    expect(report.checked).toBeGreaterThan(10_000);
  });

  it('keeps every acknowledged reading through failing, partial and slow writes, syncs and truncations', async () => {
    const report = await injectFaults(compiler, { times: 6, seed: 1 });
    expect(report).toMatchObject(NOTHING_LOST);
    expect(report.failures).toBeGreaterThan(0);
    expect(report.inMemory).toBeGreaterThan(0);
  });
});
