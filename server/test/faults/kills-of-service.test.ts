import { expect, it } from 'vitest';
import { killRepeatedly } from './kill-repeatedly.ts';
import { backup } from './operations/backup.ts';
import { removal } from './operations/removal.ts';
import { repair } from './operations/repair.ts';
import { retention } from './operations/retention.ts';

/** `bench/kills.ts` makes a hundred of each. */
const KILLS = 5;

/** Compaction and the archive are killed more often, and in less time, in the conformance suite and in lifecycle/archive.test.ts. */
it.each([backup, retention, repair()])(
  `$name loses and doubles nothing when it is killed ${KILLS} times`,
  async (operation) => {
    const report = await killRepeatedly(operation, { kills: KILLS, seed: 1 });
    expect(report).toMatchObject({ kills: KILLS, atSteps: 3, atInstants: 2 });
    expect(report.finished).toBeGreaterThan(0);
  },
);

it('a deletion that is killed repeatedly removes the device with its readings from every store and from the archive', async () => {
  const report = await killRepeatedly(removal, { kills: 3, seed: 1 });
  expect(report).toMatchObject({ kills: 3, atSteps: 2, atInstants: 1 });
  expect(report.finished).toBeGreaterThan(0);
});
