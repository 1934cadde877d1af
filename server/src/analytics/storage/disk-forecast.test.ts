import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { expect, it } from 'vitest';
import { diskForecast } from './disk-forecast.ts';

const samples = (hours: number, usedAt: (hour: number) => number) =>
  Array.from({ length: hours }, (_, hour) => ({ at: hour * 3_600_000, usedBytes: usedAt(hour) }));

it('forecasts when the disk is full, regardless of a single import or compaction', () => {
  const steady = samples(240, (hour) => 1e9 + hour * 1e6);
  expect(diskForecast(steady, 24e8)).toEqual({ growthBytesPerDay: 24e6, fullInDays: 100 });
  const swaying = samples(240, (hour) => 1e9 + hour * 1e6 + (hour === 100 ? 5e8 : 0) - (hour % 24 === 3 ? 2e7 : 0));
  const { growthBytesPerDay } = diskForecast(swaying, 24e8);
  // 11 of 240 samples are outliers: the median of the slopes changes by less than 1 %.
  expect(Math.abs((growthBytesPerDay ?? 0) - 24e6)).toBeLessThan(24e4);
});

it('gives no date for a disk that does not fill or has less than a day of samples', () => {
  expect(
    diskForecast(
      samples(48, () => 1e9),
      1e9,
    ),
  ).toEqual({ growthBytesPerDay: 0, fullInDays: null });
  expect(
    diskForecast(
      samples(20, (hour) => hour),
      1e9,
    ),
  ).toEqual({ growthBytesPerDay: null, fullInDays: null });
  expect(diskForecast([], 1e9)).toEqual({ growthBytesPerDay: null, fullInDays: null });
  expect(
    diskForecast(
      samples(UTC_DAY_MS / 3_600_000 + 1, (hour) => hour),
      240,
    ).fullInDays,
  ).toBe(10);
});
