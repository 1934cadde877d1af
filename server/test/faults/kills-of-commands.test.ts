import { expect, it } from 'vitest';
import { killRepeatedly } from './kill-repeatedly.ts';
import { migration } from './operations/migration.ts';
import { restore } from './operations/restore.ts';

/** `bench/kills.ts` makes a hundred of each. */
const KILLS = 5;

it.each([restore(), migration()])(
  `$name loses and doubles nothing when it is killed ${KILLS} times`,
  async (operation) => {
    const report = await killRepeatedly(operation, { kills: KILLS, seed: 1 });
    expect(report).toMatchObject({ kills: KILLS, atSteps: 3, atInstants: 2 });
    expect(report.finished).toBeGreaterThan(0);
  },
);
