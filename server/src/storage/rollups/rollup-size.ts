import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import type { TelemetryStore } from '../backend.ts';
import { packColumn } from '../cells/cell.ts';
import { type DeviceGroup, readWholeDays } from '../whole-days.ts';
import { FIXED_WIDTH_MS, type RollupWidth, worthwhileWidth } from './rollup-names.ts';

/** Time span of the samples that are packed to estimate their size. */
const SAMPLED_MS = 7 * UTC_DAY_MS;
/** Maximum size of a bucket of a quantity: nine aggregates of eight bytes. */
const BUCKET_BYTES = 72;
/** Size of the columns of a quantity at three widths, however few rows they have: about a kilobyte in each of the two tables of a group. */
const COLUMNS_BYTES = 60_000;

/** The finest rollups that may be smaller than the expiring samples of every device; null: none. */
export function finestOf(devices: readonly DeviceGroup[], leavesAt: number): RollupWidth | null {
  const leaving = devices
    .filter(({ window }) => window.start < leavesAt)
    .map(({ values, quantities, window }) => {
      const intervalMs = ((window.end - window.start) * quantities.length) / values;
      return { intervalMs, samples: (Math.min(window.end, leavesAt) - window.start) / intervalMs };
    });
  if (leaving.length === 0) return null;
  return worthwhileWidth(
    Math.max(...leaving.map(({ intervalMs }) => intervalMs)),
    Math.min(...leaving.map(({ samples }) => samples)),
  );
}

/**
 * Whether rollups are certainly smaller than the packed expiring samples, and fine enough to replace them: balances and costs need quarter
 * hours.
 */
export async function savesRoom(
  raw: Pick<TelemetryStore, 'read'>,
  devices: readonly DeviceGroup[],
  finest: RollupWidth,
  leavesAt: number,
): Promise<boolean> {
  if (finest !== '1m' && finest !== '15m') return false;
  let saved = 0;
  for (const device of devices) {
    const { start } = device.window;
    const leavingMs = leavesAt - start;
    if (leavingMs <= 0) continue;
    const sampledMs = Math.min(leavingMs, SAMPLED_MS);
    const window = { start: leavesAt - sampledMs, end: leavesAt };
    let packed = 0;
    for await (const { columns } of readWholeDays(raw, { ...device, window }))
      for (const column of columns) packed += packColumn(column)?.length ?? 0;
    // Buckets of the finest width, and at most as many again of the wider ones.
    const buckets = (2 * leavingMs) / FIXED_WIDTH_MS[finest];
    saved += (packed * leavingMs) / sampledMs - device.quantities.length * (COLUMNS_BYTES + buckets * BUCKET_BYTES);
  }
  return saved > 0;
}
