import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ExaminedTimes, MAX_EXAMINED_WINDOWS, unexamined } from './examined.ts';

const NOW = Date.UTC(2026, 3, 10);
const day = (n: number) => NOW + n * UTC_DAY_MS;

/** States in memory, as serialised by the records. */
function states() {
  const stored = new Map<string, string>();
  return {
    get: async (key: string) => {
      const text = stored.get(key);
      return text === undefined ? undefined : { key, state: JSON.parse(text), updatedAt: 0 };
    },
    put: async (key: string, state: unknown) => void stored.set(key, JSON.stringify(state)),
  };
}

it('the examined and the remaining parts of a history cover it exactly once, in months', async () => {
  const span = fc.tuple(fc.integer({ min: -400, max: 0 }), fc.integer({ min: 1, max: 60 }));
  await fc.assert(
    fc.asyncProperty(fc.array(span, { maxLength: 6 }), fc.integer({ min: -500, max: -4 }), async (done, first) => {
      const store = states();
      const times = new ExaminedTimes(store);
      for (const [from, length] of done)
        await times.add('a', { start: day(from), end: day(Math.min(0, from + length)) });
      // As after a restart.
      const examined = await new ExaminedTimes(store).of('a');
      const pieces = unexamined(examined, day(first), day(-3), NOW);
      const covers = (all: readonly { start: number; end: number }[], at: number) =>
        all.filter(({ start, end }) => at >= start && at < end).length;
      for (let d = -500; d < -3; d++) {
        const at = day(d) + 1;
        const isCovered = d >= Math.max(first, -365);
        expect(covers(pieces, at)).toBe(isCovered && covers(examined, at) === 0 ? 1 : 0);
      }
      for (const { start, end } of pieces) expect(end - start).toBeLessThanOrEqual(31 * UTC_DAY_MS);
    }),
    { numRuns: 100 },
  );
});

it('the number of separate periods is limited, and devices are independent', async () => {
  const times = new ExaminedTimes(states());
  for (let n = 0; n < MAX_EXAMINED_WINDOWS + 5; n++) await times.add('a', { start: day(2 * n), end: day(2 * n + 1) });
  const of = await times.of('a');
  expect(of).toHaveLength(MAX_EXAMINED_WINDOWS);
  expect(of[0]).toEqual({ start: day(10), end: day(11) });
  expect(await times.of('__proto__')).toEqual([]);
});
