import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { lowerBound, type Rows } from '../../domain/columns/frame.ts';
import type { GroupRows } from '../coalesce.ts';
import type { Group } from './catalog.ts';
import type { Move } from './compaction.ts';

/** Values of devices to erase: device number → instant → positions of the columns in the group, by number. */
export type Marks = Map<number, Map<number, number[]>>;

/** Positions of the values in the given rows. */
export function marksOf(rows: GroupRows, group: Group, numberOf: (deviceId: string) => number | undefined): Marks {
  const order = [...group.quantities.values()].sort((a, b) => a - b);
  const marks: Marks = new Map();
  for (const [c, quantity] of rows.quantities.entries()) {
    const column = group.quantities.get(quantity);
    if (column === undefined) continue;
    for (const [row, marked] of rows.columns[c]!.entries()) {
      const device = numberOf(rows.devices[rows.device[row]!]!);
      if (marked !== marked || device === undefined) continue;
      const instants = marks.get(device) ?? new Map<number, number[]>();
      marks.set(device, instants);
      const instant = rows.timestamps[row]!;
      instants.set(instant, [...(instants.get(instant) ?? []), order.indexOf(column)]);
    }
  }
  return marks;
}

/** Days of devices to settle again, one per move. */
export function movesOf(marks: Marks): Move[] {
  const moves: Move[] = [];
  for (const [device, instants] of marks) {
    const days = new Set(Array.from(instants.keys(), (instant) => Math.floor(instant / UTC_DAY_MS)));
    for (const day of [...days].sort((a, b) => a - b)) {
      moves.push({ touched: new Map([[device, [day]]]), days: new Set([day]), rows: 0 });
    }
  }
  return moves;
}

/** Removes marked values from the rows of a device, in place. */
export function withoutMarked(rows: Rows, marks: ReadonlyMap<number, readonly number[]> = new Map()): Rows {
  for (const [instant, places] of marks) {
    const row = lowerBound(rows.timestamps, instant);
    if (rows.timestamps[row] !== instant) continue;
    for (const place of places) rows.columns[place]![row] = Number.NaN;
  }
  return rows;
}
