import type { Window } from '../../domain/time/window.ts';
import type { GroupRows } from '../coalesce.ts';
import type { Group } from './catalog.ts';
import type { Connection } from './engine.ts';

interface Extent {
  first: number;
  last: number;
}

/** Extents of each device's recent rows, so that queries on settled days skip recent rows. */
export class RecentExtents {
  readonly #groups = new Map<Group['id'], Map<number, Extent>>();

  /** Reads the recent rows of a group; there must be no concurrent writes to them. */
  async load(connection: Connection, group: Group): Promise<void> {
    const result = await connection.query(`SELECT device, min(ts), max(ts) FROM ${group.recent} GROUP BY device`);
    const [device, first, last] = [result.integers(0), result.doubles(1), result.doubles(2)];
    this.#groups.set(group.id, new Map(Array.from(device, (id, i) => [id, { first: first[i]!, last: last[i]! }])));
  }

  /** Adds rows that are about to be written. @param numbers of the devices of the rows */
  add(group: Group, { device, timestamps }: GroupRows, numbers: Int32Array): void {
    const extents = this.#groups.get(group.id) ?? new Map<number, Extent>();
    this.#groups.set(group.id, extents);
    const first = new Float64Array(numbers.length).fill(Number.POSITIVE_INFINITY);
    const last = new Float64Array(numbers.length).fill(Number.NEGATIVE_INFINITY);
    for (let row = 0; row < device.length; row++) {
      const place = device[row]!;
      const instant = timestamps[row]!;
      if (instant < first[place]!) first[place] = instant;
      if (instant > last[place]!) last[place] = instant;
    }
    for (const [place, number] of numbers.entries()) {
      const known = extents.get(number);
      const extent = {
        first: Math.min(known?.first ?? Number.POSITIVE_INFINITY, first[place]!),
        last: Math.max(known?.last ?? Number.NEGATIVE_INFINITY, last[place]!),
      };
      extents.set(number, extent);
    }
  }

  /** The devices whose recent rows may overlap a window. */
  within(group: Group, devices: readonly number[], { start, end }: Window): number[] {
    const extents = this.#groups.get(group.id);
    return devices.filter((device) => {
      const extent = extents?.get(device);
      return extent !== undefined && extent.last >= start && extent.first < end;
    });
  }
}
