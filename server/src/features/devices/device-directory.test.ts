import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { temporaryRecords } from '../../../test/records/temporary-records.ts';
import { Conflict, InvalidInput } from '../../domain/errors.ts';
import { DEFAULT_LIMITS } from '../../domain/series-limits.ts';
import { DeviceDirectory } from './device-directory.ts';

it('names above the device limit are rejected individually, other requests are answered meanwhile, and two requests share the remaining places', async () => {
  const limits = { ...DEFAULT_LIMITS, devices: 900 };
  const records = await temporaryRecords({ limits });
  const directory = new DeviceDirectory(records, () => {}, limits);
  const names = (prefix: string) => Array.from({ length: 800 }, (_, i) => `${prefix}${i}`);
  let turns = 0;
  let running = true;
  const others = (async () => {
    for (; running; turns++) await nextTurn();
  })();

  const resolved = (
    await Promise.all([
      directory.resolveEach([...names('a'), '\u0000', ...names('both')]),
      directory.resolveEach([...names('both'), ...names('b')]),
    ])
  ).flat();
  running = false;
  await others;

  // Parts of 256 names: the 1,600 names of the first request alone make seven.
  expect(turns).toBeGreaterThanOrEqual(6);
  const ids = new Set(resolved.filter((id) => typeof id === 'string'));
  expect(ids).toEqual(new Set((await records.devices.list()).map(({ id }) => id)));
  expect(ids.size).toBe(900);
  expect(resolved[800]).toBeInstanceOf(InvalidInput);
  const refused = resolved.filter((id) => id instanceof Conflict);
  expect(refused.length).toBeGreaterThan(0);
  expect(refused[0]?.message).toMatch(/^900 devices are known, limits.devices allows 900: /);
  await expect(directory.resolve(['a0', 'another'])).rejects.toThrow(Conflict);
});

it('the first reading of a device is the earliest one, including history that arrives later, and is stored', async () => {
  const records = await temporaryRecords();
  const directory = new DeviceDirectory(records, () => {});
  const [meter, other] = await directory.resolve(['Meter', 'Other']);
  const block = (device: string, timestamps: number[], watts: number[]) => ({
    group: 'load',
    quantities: ['power_kw'],
    devices: [device],
    device: Int32Array.from(timestamps, () => 0),
    timestamps: Float64Array.from(timestamps),
    columns: [Float64Array.from(watts)],
  });
  expect(directory.firstReadingAt(meter!, 'load')).toBeNull();
  for (const [timestamps, first] of [
    [[5000, 6000], 5000],
    [[9000, 3000, 4000], 3000],
    [[7000], 3000],
  ] as const) {
    expect(
      directory.admit(
        block(
          meter!,
          [...timestamps],
          timestamps.map(() => 1),
        ),
      ),
    ).toEqual([]);
    expect(directory.firstReadingAt(meter!, 'load')).toBe(first);
  }
  // A row without a value is not a reading.
  directory.admit(block(meter!, [1000], [Number.NaN]));
  directory.admit(block(other!, [2000], [1]));
  await directory.settled();
  const again = new DeviceDirectory(records, () => {});
  await again.load();
  expect([meter!, other!].map((id) => again.firstReadingAt(id, 'load'))).toEqual([3000, 2000]);
});
