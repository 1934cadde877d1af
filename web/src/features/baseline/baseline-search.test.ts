import { expect, it } from 'vitest';
import { baselineWindow, chosenMachines, readBaselineSearch } from './baseline-search.ts';

const DAY_MS = 86_400_000;

it('reads machines, range and version of an address, and leaves out what makes no sense', () => {
  expect(readBaselineSearch({ machines: 'a,b', days: '30', model: 'm' })).toEqual({
    machines: 'a,b',
    days: 30,
    model: 'm',
  });
  expect(readBaselineSearch({ days: '31', from: '5', to: '5', machines: '' })).toEqual({});
  expect(readBaselineSearch({ days: '7', from: '5', to: '9' })).toEqual({ from: 5, to: 9 });
  expect(chosenMachines({ machines: 'a,,b,a' })).toEqual(['a', 'b']);
  expect(chosenMachines({})).toEqual([]);
});

it('looks back ninety days unless told otherwise', () => {
  const now = 1000 * DAY_MS;
  expect(baselineWindow({}, now)).toEqual({ start: 910 * DAY_MS, end: now });
  expect(baselineWindow({ days: 7 }, now).start).toBe(993 * DAY_MS);
  expect(baselineWindow({ from: 1, to: 2, days: 7 }, now)).toEqual({ start: 1, end: 2 });
});
