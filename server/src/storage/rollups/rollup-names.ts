import { HOUR_MS, MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import { ROLLUP_PREFIX } from '@wattkeeper/contract/metric.ts';

/** Widths of rollups, finest first. Days are those of the site, 23 to 25 hours long; the others are aligned to midnight UTC. */
export const ROLLUP_WIDTHS = ['1m', '15m', '1h', '1d'] as const;
export type RollupWidth = (typeof ROLLUP_WIDTHS)[number];

/** Widths with a fixed length. */
export const FIXED_WIDTH_MS = { '1m': MINUTE_MS, '15m': 15 * MINUTE_MS, '1h': HOUR_MS } as const satisfies Partial<
  Record<RollupWidth, number>
>;

/** Name of the group of rollups in the stores: `rollup_1h.solar`. */
export function rollupGroup(group: string, width: RollupWidth): string {
  return `${ROLLUP_PREFIX}${width}.${group}`;
}

export function isRollupGroup(group: string): boolean {
  return group.startsWith(ROLLUP_PREFIX);
}

/**
 * Rollups take space: nine columns for each quantity and width, of some kilobytes each however few rows they have, and some bytes for each
 * bucket. These are the minimum samples per bucket, on average, and in total for which rollups are smaller than the samples.
 */
const MIN_SAMPLES_PER_BUCKET = 900;
const MIN_SAMPLES = 500_000;

/** The finest width whose rollups of a series are smaller than its samples; null: none. */
export function worthwhileWidth(intervalMs: number, samples: number): RollupWidth | null {
  if (samples < MIN_SAMPLES) return null;
  const fixed = Object.entries(FIXED_WIDTH_MS) as [keyof typeof FIXED_WIDTH_MS, number][];
  return fixed.find(([, widthMs]) => widthMs >= MIN_SAMPLES_PER_BUCKET * intervalMs)?.[0] ?? null;
}

/** A width and the wider ones. */
export function widthsFrom(finest: RollupWidth): readonly RollupWidth[] {
  return ROLLUP_WIDTHS.slice(ROLLUP_WIDTHS.indexOf(finest));
}
