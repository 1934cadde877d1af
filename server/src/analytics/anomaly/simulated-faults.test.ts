import { describe, expect, it } from 'vitest';
import { simulatedWorks, touches, WORKS_WINDOW } from '../../../test/anomaly/simulated-works.ts';
import { detectInDevice } from './device.ts';

describe('faults of a simulated factory', () => {
  /**
   * The truth counts every fault, also a drop of a machine that rests and a quarter more load for half an hour among hours that scatter by an
   * eighth: a third of them lies below what is distinguishable. `bench/anomalies.ts` shows more of it.
   */
  it.each([true, false])(
    'are found as often as their noise allows, with few false alarms (baselines: %s)',
    (baselines) => {
      const tally = { reported: 0, right: 0, faults: 0, found: 0 };
      for (const { truths, gaps, history } of simulatedWorks({ seed: 1, perDay: 1.2, baselines })) {
        const task = { history, window: WORKS_WINDOW, contamination: 0.1, seed: 1, limits: [] };
        const anomalies = detectInDevice(task).anomalies.filter((one) => !gaps.some((gap) => touches(one, gap)));
        tally.reported += anomalies.length;
        tally.right += anomalies.filter((one) => truths.some((truth) => touches(one, truth))).length;
        tally.faults += truths.length;
        tally.found += truths.filter((truth) => anomalies.some((one) => touches(one, truth))).length;
      }
      expect(tally.faults).toBeGreaterThan(90);
      expect(tally.right / tally.reported).toBeGreaterThan(0.84);
      expect(tally.found / tally.faults).toBeGreaterThan(0.64);
    },
  );
});
