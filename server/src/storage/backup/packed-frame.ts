import { createHash } from 'node:crypto';
import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import type { Frame } from '../../domain/columns/frame.ts';
import { Corrupt } from '../../domain/errors.ts';
import { packColumn, packIntegers, unpackColumn, unpackIntegers } from '../cells/cell.ts';

/** The header before the columns. */
interface Head {
  readonly device: string;
  readonly group: string;
  readonly quantities: readonly string[];
  readonly rows: number;
  /** Sizes of the instants and of each column, bytes; 0: the column has no value. */
  readonly lengths: readonly number[];
}

const NEWLINE = 10;

/** A frame as bytes: a line of JSON, then the instants and each column as cells (docs/formats/telemetry-cell.md). */
export function packFrame({ deviceId, group, quantities, timestamps, columns }: Frame): Uint8Array {
  const cells = [packIntegers(timestamps), ...columns.map((column) => packColumn(column) ?? new Uint8Array(0))];
  const head: Head = {
    device: deviceId,
    group,
    quantities,
    rows: timestamps.length,
    lengths: cells.map(({ length }) => length),
  };
  return Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), ...cells]);
}

/** Throws Corrupt for bytes that `packFrame` did not produce. */
export function unpackFrame(bytes: Uint8Array): Frame {
  const end = bytes.indexOf(NEWLINE);
  if (end < 0) throw new Corrupt('a part of telemetry has no head');
  const head = JSON.parse(Buffer.from(bytes.subarray(0, end)).toString()) as Head;
  let at = end + 1;
  const cells = head.lengths.map((length) => {
    const cell = bytes.subarray(at, at + length);
    at += length;
    return cell;
  });
  const timestamps = new Float64Array(head.rows);
  unpackIntegers(cells[0]!, timestamps);
  const columns = cells.slice(1).map((cell) => {
    const column = new Float64Array(head.rows).fill(Number.NaN);
    if (cell.length > 0) unpackColumn(cell, column);
    return column;
  });
  return { deviceId: head.device, group: head.group, quantities: head.quantities, timestamps, columns };
}

/** Digest of a series on one UTC day, short enough to compare and too long for accidental collisions. */
export interface DayDigest {
  readonly deviceId: string;
  /** Full metric name. */
  readonly metric: string;
  /** UTC day, counted from 1970. */
  readonly day: number;
  readonly count: number;
  /** SHA-256 over instants and values as little-endian doubles, its first 16 hex digits. */
  readonly digest: string;
}

/** Digests of a frame of whole UTC days, by quantity and day. */
export function digestsOf(frame: Frame): DayDigest[] {
  const digests: DayDigest[] = [];
  for (const { from, to, day } of daysOf(frame.timestamps)) {
    for (const [c, quantity] of frame.quantities.entries()) {
      const column = frame.columns[c]!;
      const pairs = new Float64Array(2 * (to - from));
      let count = 0;
      for (let row = from; row < to; row++) {
        const value = column[row]!;
        if (value !== value) continue;
        pairs[2 * count] = frame.timestamps[row]!;
        // −0 and 0 are equal: not every engine distinguishes them.
        pairs[2 * count + 1] = value + 0;
        count++;
      }
      if (count === 0) continue;
      const digest = createHash('sha256')
        .update(new Uint8Array(pairs.buffer, 0, 16 * count))
        .digest('hex')
        .slice(0, 16);
      digests.push({ deviceId: frame.deviceId, metric: `${frame.group}.${quantity}`, day, count, digest });
    }
  }
  return digests;
}

function daysOf(timestamps: Float64Array): { from: number; to: number; day: number }[] {
  const days = [];
  for (let from = 0; from < timestamps.length; ) {
    const day = Math.floor(timestamps[from]! / UTC_DAY_MS);
    let to = from + 1;
    while (to < timestamps.length && timestamps[to]! < (day + 1) * UTC_DAY_MS) to++;
    days.push({ from, to, day });
    from = to;
  }
  return days;
}
