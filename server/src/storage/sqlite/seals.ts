import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import type { ValuesOfRow } from './collect-columns.ts';
import { ChecksumMismatch } from './damage.ts';
import { hashRow } from './row-hash.ts';

/** A table of rows by (device, ts), and the table of its seals by (device, hour). */
export interface Table {
  readonly rows: string;
  readonly seals: string;
  /** Column numbers, ascending. */
  readonly columns: readonly number[];
}

/** The number of rows of a device in an hour, and the sum of their hashes modulo 2³². */
export interface Seal {
  rows: number;
  hash: number;
}

/** Changes to the seals of one device. */
export class SealChanges {
  readonly byHour = new Map<number, Seal>();

  add(instant: number, rows: number, hash: number): void {
    const hour = Math.floor(instant / HOUR_MS);
    const seal = this.byHour.get(hour) ?? { rows: 0, hash: 0 };
    seal.rows += rows;
    seal.hash = (seal.hash + hash) | 0;
    this.byHour.set(hour, seal);
  }
}

/** Passes rows on, and throws where those of an hour differ from its seal. */
export function* verified(
  table: Table,
  device: number,
  rows: Iterable<ValuesOfRow>,
  seals: Map<number, Seal>,
): Generator<ValuesOfRow> {
  const instantAt = table.columns.length;
  let previous = Number.NEGATIVE_INFINITY;
  let hour: number | null = null;
  let found: Seal = { rows: 0, hash: 0 };
  const compare = () => {
    if (hour === null) return;
    const seal = seals.get(hour);
    if (seal?.rows !== found.rows || seal.hash !== found.hash >>> 0) throw differs(table, device, hour * HOUR_MS);
    seals.delete(hour);
  };
  for (const row of rows) {
    const instant = row[instantAt]!;
    if (!(instant > previous)) throw differs(table, device, previous);
    previous = instant;
    if (hour === null || instant >= (hour + 1) * HOUR_MS) {
      compare();
      hour = Math.floor(instant / HOUR_MS);
      found = { rows: 0, hash: 0 };
    }
    found.rows++;
    found.hash = (found.hash + hashRow(instant, table.columns, row)) | 0;
    yield row;
  }
  compare();
  const [lost] = seals.keys();
  if (lost !== undefined) throw differs(table, device, lost * HOUR_MS);
}

function differs(table: Table, device: number, instant: number): ChecksumMismatch {
  const hour =
    Number.isFinite(instant) && Math.abs(instant) < 8.64e15 ? new Date(instant).toISOString() : String(instant);
  return new ChecksumMismatch(
    `rows of device ${device} in ${table.rows} differ from their checksum in the hour from ${hour} on`,
  );
}
