import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import { expect, it } from 'vitest';
import { bucketEdges } from './site-time.ts';

const ZONES = [
  ...[
    'UTC',
    'Europe/Warsaw',
    'America/New_York',
    'America/Sao_Paulo',
    'America/Havana',
    'Asia/Beirut',
    'Asia/Kathmandu',
  ],
  ...[
    'Australia/Lord_Howe',
    'Pacific/Apia',
    'Africa/Casablanca',
    'Africa/Monrovia',
    'Antarctica/Troll',
    'Europe/Dublin',
  ],
];
const STEPS = { '1d': { days: 1 }, '1w': { days: 7 }, '1mo': { months: 1 } } as const;

/** The days according to the calendar, one by one. */
function expectedEdges(start: number, end: number, bucket: keyof typeof STEPS, timeZone: string): number[] {
  const today = Temporal.Instant.fromEpochMilliseconds(start).toZonedDateTimeISO(timeZone).toPlainDate();
  let day = today;
  if (bucket === '1w') day = today.subtract({ days: today.dayOfWeek - 1 });
  if (bucket === '1mo') day = today.with({ day: 1 });
  const edges: number[] = [];
  for (;;) {
    edges.push(day.toZonedDateTime({ timeZone }).epochMilliseconds);
    if (edges.at(-1)! >= end) return [...new Set(edges)];
    day = day.add(STEPS[bucket]);
  }
}

it('divides any window into the days, weeks and months of any calendar', () => {
  const anyStart = fc.integer({ min: 0, max: Date.UTC(2150, 0) });
  const anyLength = fc.integer({ min: 1, max: 900 * UTC_DAY_MS });
  const anyBucket = fc.constantFrom('1d' as const, '1w' as const, '1mo' as const);
  fc.assert(
    fc.property(anyStart, anyLength, anyBucket, fc.constantFrom(...ZONES), (start, length, bucket, zone) => {
      const window = { start, end: start + length };
      expect([...bucketEdges(window, bucket, zone)]).toEqual(expectedEdges(start, window.end, bucket, zone));
    }),
    { numRuns: 150 },
  );
});

it('has no bucket for a day that a calendar skipped', () => {
  // Samoa skipped 30 December 2011.
  const window = { start: Date.UTC(2011, 11, 28), end: Date.UTC(2012, 0, 3) };
  const edges = [...bucketEdges(window, '1d', 'Pacific/Apia')];
  expect(edges).toEqual([...new Set(edges)]);
});
