import { MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import { describe, expect, it } from 'vitest';
import { freshForMs } from './freshness.ts';

describe('how long a value counts as live', () => {
  it('follows the reporting interval of its source', () => {
    const every = (seconds: number) => Array.from({ length: 6 }, (_, i) => i * seconds * 1000);
    expect(freshForMs(every(10))).toBe(30_000);
    expect(freshForMs(every(60))).toBe(3 * MINUTE_MS);
    expect(freshForMs(every(3_600))).toBe(15 * MINUTE_MS);
  });

  it('is five minutes while the reporting interval is unknown', () => {
    expect(freshForMs([])).toBe(5 * MINUTE_MS);
    expect(freshForMs([0, 10_000])).toBe(5 * MINUTE_MS);
  });
});
