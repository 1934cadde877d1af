import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import type { Block } from '../../domain/columns/batch.ts';
import type { Frame } from '../../domain/columns/frame.ts';
import { splitMetric } from '../../domain/metric-catalogue.ts';
import type { TelemetryStore } from '../../storage/backend.ts';
import { dayOfInstant } from './day-tallies.ts';
import type { FoundReading } from './migration-ports.ts';

/** A value of a source. */
export interface Wanted {
  readonly value: number;
  /** Index of its reading in the piece. */
  readonly reading: number;
  /** The stored value at that instant. */
  found: number | undefined;
}

/** Values of a piece for one device and metric group: quantity → instant → value. */
export interface WantedGroup {
  readonly deviceId: string;
  readonly group: string;
  readonly quantities: ReadonlyMap<string, Map<number, Wanted>>;
}

/** Readings by device and metric group. Of two values at one instant the first counts; `onRepeated` is called for different ones. */
export function gather(
  readings: readonly FoundReading[],
  idOf: (device: string) => string,
  onRepeated: () => void,
): WantedGroup[] {
  const groups = new Map<string, { deviceId: string; group: string; quantities: Map<string, Map<number, Wanted>> }>();
  for (const [reading, { device, timestamp, values }] of readings.entries()) {
    const deviceId = idOf(device);
    for (const [metric, value] of values) {
      const { group, quantity } = splitMetric(metric);
      const key = `${deviceId}\n${group}`;
      const known = groups.get(key) ?? { deviceId, group, quantities: new Map<string, Map<number, Wanted>>() };
      groups.set(key, known);
      const series = known.quantities.get(quantity) ?? new Map<number, Wanted>();
      known.quantities.set(quantity, series);
      const earlier = series.get(timestamp);
      if (earlier === undefined) series.set(timestamp, { value, reading, found: undefined });
      else if (earlier.value !== value) onRepeated();
    }
  }
  return [...groups.values()];
}

/** UTC days with values of a group, ascending. */
export function daysOf({ quantities }: WantedGroup): number[] {
  const days = new Set<number>();
  for (const series of quantities.values()) for (const instant of series.keys()) days.add(dayOfInstant(instant));
  return [...days].sort((a, b) => a - b);
}

/** The stored samples on UTC days, ascending: consecutive days are read at once. */
export async function* framesOfDays(
  store: Pick<TelemetryStore, 'read'>,
  of: { readonly deviceId: string; readonly group: string; readonly quantities: readonly string[] },
  days: readonly number[],
): AsyncGenerator<Frame> {
  const { deviceId, group, quantities } = of;
  for (let from = 0; from < days.length; ) {
    let to = from;
    while (days[to + 1] === days[to]! + 1) to++;
    const window = { start: days[from]! * UTC_DAY_MS, end: (days[to]! + 1) * UTC_DAY_MS };
    yield* store.read({ deviceIds: [deviceId], group, quantities, window });
    from = to + 1;
  }
}

/** The values that the store lacks, as a block; null if there are none. */
export function blockOfNew({ deviceId, group, quantities }: WantedGroup): Block | null {
  const names = [...quantities.keys()];
  const instants = new Set<number>();
  for (const series of quantities.values()) {
    for (const [instant, { found }] of series) if (found === undefined) instants.add(instant);
  }
  if (instants.size === 0) return null;
  const timestamps = Float64Array.from(instants).sort();
  const columns = names.map((name) => {
    const series = quantities.get(name) as Map<number, Wanted>;
    return Float64Array.from(timestamps, (instant) => {
      const wanted = series.get(instant);
      return wanted === undefined || wanted.found !== undefined ? Number.NaN : wanted.value;
    });
  });
  return {
    group,
    quantities: names,
    devices: [deviceId],
    device: new Int32Array(timestamps.length),
    timestamps,
    columns,
  };
}
