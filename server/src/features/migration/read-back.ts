import type { TelemetryStore } from '../../storage/backend.ts';
import { addSample, type DayTallies, dayOfInstant, emptyTally, isSum, type Tally } from './day-tallies.ts';
import { framesOfDays } from './wanted-values.ts';

/** A value that was written. */
export interface ReadBackSample {
  readonly deviceId: string;
  readonly group: string;
  readonly quantity: string;
  readonly instant: number;
  readonly value: number;
}

/**
 * Reads back every day of every touched series, and individual samples. A day must contain the earlier samples and those written, by count,
 * extent and checksum. Returns the days (`device group day`) that differ.
 */
export async function readBack(
  store: Pick<TelemetryStore, 'read'>,
  tallies: DayTallies,
  samples: readonly ReadBackSample[],
  signal: AbortSignal,
): Promise<{ series: number; changed: Set<string> }> {
  const changed = new Set<string>();
  let series = 0;
  for (const { deviceId, group, quantities } of tallies.groups()) {
    const names = [...quantities.keys()];
    series += names.length;
    const days = [...new Set(names.flatMap((name) => [...(quantities.get(name)?.keys() ?? [])]))].sort((a, b) => a - b);
    const found = names.map(() => new Map<number, Tally>());
    for await (const { timestamps, columns } of framesOfDays(store, { deviceId, group, quantities: names }, days)) {
      signal.throwIfAborted();
      for (const [c, column] of columns.entries()) tallyColumn(found[c]!, timestamps, column);
    }
    for (const [c, name] of names.entries()) {
      for (const [day, { before, written }] of quantities.get(name) ?? []) {
        if (!isSum(found[c]?.get(day) ?? emptyTally(), before, written)) changed.add(`${deviceId} ${group} ${day}`);
      }
    }
  }
  for (const sample of samples) {
    signal.throwIfAborted();
    const { deviceId, group, instant, value } = sample;
    if ((await valueAt(store, sample)) !== value) changed.add(`${deviceId} ${group} ${dayOfInstant(instant)}`);
  }
  return { series, changed };
}

function tallyColumn(days: Map<number, Tally>, timestamps: Float64Array, column: Float64Array): void {
  for (const [row, value] of column.entries()) {
    if (value !== value) continue;
    const instant = timestamps[row]!;
    const day = dayOfInstant(instant);
    const tally = days.get(day) ?? emptyTally();
    days.set(day, tally);
    addSample(tally, instant, value);
  }
}

async function valueAt(store: Pick<TelemetryStore, 'read'>, sample: ReadBackSample): Promise<number | undefined> {
  const { deviceId, group, quantity, instant } = sample;
  const window = { start: instant, end: instant + 1 };
  for await (const { columns } of store.read({ deviceIds: [deviceId], group, quantities: [quantity], window })) {
    return columns[0]?.[0];
  }
  return undefined;
}
