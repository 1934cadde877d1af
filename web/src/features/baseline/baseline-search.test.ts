import { expect, it } from 'vitest';
import { chosenMachines, readBaselineSearch } from './baseline-search.ts';

it('reads machines, range and version from an address, and ignores invalid ones', () => {
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
