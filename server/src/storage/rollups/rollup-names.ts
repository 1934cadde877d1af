import { ROLLUP_PREFIX } from '@wattkeeper/contract/metric.ts';
import { HOUR_MS, MINUTE_MS } from '../../domain/window.ts';

/** Widths of rollups, finest first. Days are those of the site, 23 to 25 hours long; the others count from midnight UTC. */
export const ROLLUP_WIDTHS = ['1m', '15m', '1h', '1d'] as const;
export type RollupWidth = (typeof ROLLUP_WIDTHS)[number];

/** Widths with a fixed length. */
export const FIXED_WIDTH_MS = { '1m': MINUTE_MS, '15m': 15 * MINUTE_MS, '1h': HOUR_MS } as const satisfies Partial<
  Record<RollupWidth, number>
>;

/** Group of the stores in which rollups of a group are: `rollup_1h.solar`. */
export function rollupGroup(group: string, width: RollupWidth): string {
  return `${ROLLUP_PREFIX}${width}.${group}`;
}

export function isRollupGroup(group: string): boolean {
  return group.startsWith(ROLLUP_PREFIX);
}
