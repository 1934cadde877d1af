import { expect, it } from 'vitest';
import { decodeReadings } from './readings.ts';

it('an unknown key of a reading is reported, and its values are accepted', () => {
  const reading = {
    device_id: 'a',
    timestamp: '2026-01-01T00:00:00Z',
    values: { 'load.power_kw': 1 },
    valeus: {},
    constructor: 1,
  };
  const { blocks, errors, rejected } = decodeReadings([reading, { ...reading, ['x'.repeat(300)]: 1 }]);
  expect(blocks.map(({ columns }) => columns.map((column) => [...column]))).toEqual([[[1, 1]]]);
  expect(rejected).toBe(0);
  expect(errors[0]).toEqual({
    index: 0,
    metric: null,
    code: 'unknown_key',
    detail:
      '"valeus" is not a key of a reading and is ignored; did you mean values? Allowed: device_id, timestamp, values',
  });
  expect(errors.map(({ index }) => index)).toEqual([0, 0, 1, 1, 1]);
});
