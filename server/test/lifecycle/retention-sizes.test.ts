import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import { expect, it, onTestFinished } from 'vitest';
import { type RetentionCase, switchedOn } from './retention-sizes.ts';

function sizes(one: RetentionCase) {
  const folder = mkdtempSync(join(tmpdir(), 'wattkeeper-sizes-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return switchedOn(one, folder);
}

/** Intervals of readings, and days of them. */
const SERIES = [
  ['ten seconds', 10_000, 10],
  ['minute', MINUTE_MS, 20],
  ['five minutes', 5 * MINUTE_MS, 40],
  ['quarter of an hour', 15 * MINUTE_MS, 60],
  ['half an hour', 30 * MINUTE_MS, 90],
] as const;

for (const type of ['duckdb', 'sqlite'] as const) {
  it.each(SERIES)(`retention never makes ${type} larger, with a reading every %s`, async (name, stepMs, days) => {
    const one = { name, stepMs, days, rawDays: 7, how: 'deleted_when_smaller', type, meter: true } as const;
    const { before, after, report } = await sizes(one);
    expect(report).toEqual({ rollups: 0, deleted: 0, postponed: [], kept: ['grid'] });
    expect(after).toBeLessThanOrEqual(before);
  });

  it(`retention makes ${type} smaller, with a reading every second`, async () => {
    const one = { name: 'second', stepMs: 1000, days: 7, rawDays: 1, how: 'deleted_when_smaller', type } as const;
    const { before, after, report } = await sizes({ ...one, meter: true });
    expect(report).toMatchObject({ deleted: 6 * 86_400, kept: [] });
    expect(after).toBeLessThan(before);
  });
}

it.each([['half an hour', 30 * MINUTE_MS, 240]])(
  'an archive makes the store of a home smaller, with a reading every %s',
  async (name, stepMs, days) => {
    const { before, after } = await sizes({ name, stepMs, days, rawDays: 31, how: 'archived' });
    // Seven in eight days are archived; the minimum size of a file remains.
    expect(after).toBeLessThan(0.8 * before);
  },
);

it.each(SERIES)('an archive makes SQLite smaller, with a reading every %s', async (name, stepMs, days) => {
  const { before, after } = await sizes({
    name,
    stepMs,
    days,
    rawDays: 7,
    how: 'archived',
    type: 'sqlite',
    meter: true,
  });
  expect(after).toBeLessThan(before);
});
