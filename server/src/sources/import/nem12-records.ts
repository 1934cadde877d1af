import { MINUTES_PER_DAY } from '@wattkeeper/contract/durations.ts';
import { type CsvRow, csvRows } from './csv-rows.ts';
import type { FileRecord } from './file-record.ts';
import type { Mapping } from './mapping.ts';
import { slotTime } from './slot-records.ts';

/** Interval lengths that the format allows, minutes. */
const INTERVALS = new Set(['5', '15', '30']);

interface Register {
  readonly nmi: string;
  readonly register: string;
  readonly unit: string;
  readonly minutes: number;
}

/**
 * Yields the values of a NEM12 file (AEMO, Meter Data File Format Specification NEM12 & NEM13): a 200 record names meter, register, unit
 * and interval, a 300 record has the values of a day; a 400 record has the quality of some of them and is not read.
 */
export async function* nem12Records(
  text: AsyncIterable<Uint8Array | string>,
  { encoding }: Mapping,
  columns: readonly string[],
): AsyncGenerator<FileRecord> {
  let register: Register | null = null;
  for await (const row of csvRows(text, { delimiter: ',', encoding })) {
    if ('broken' in row) yield row;
    else if (row.cells[0] === '200') {
      register = registerOf(row.cells);
      if (register === null)
        yield broken(row, 'a 200 record must have an NMI, a register, a unit and an interval of 5, 15 or 30 minutes');
    } else if (row.cells[0] === '300') {
      if (register === null) yield broken(row, 'a 300 record has no readable 200 record before it');
      else yield* dayOf(row, register, columns);
    }
  }
}

function registerOf(cells: readonly string[]): Register | null {
  const [, nmi = '', , , register = '', , , unit = '', minutes = ''] = cells;
  if (nmi === '' || register === '' || !INTERVALS.has(minutes)) return null;
  return {
    nmi,
    register,
    unit: unit.replace(/^kwh$/i, 'kWh').replace(/^wh$/i, 'Wh').replace(/^mwh$/i, 'MWh'),
    minutes: Number(minutes),
  };
}

function* dayOf(
  row: CsvRow & { cells: readonly string[] },
  { nmi, register, unit, minutes }: Register,
  columns: readonly string[],
): Generator<FileRecord> {
  const { cells, position } = row;
  const day = cells[1] ?? '';
  // The first non-numeric cell is the quality of the day: a file truncated by its exporter has fewer slots.
  const end = cells.findIndex((cell, i) => i > 1 && /^[AENSVF]\d{0,2}$/.test(cell));
  const quality = end < 0 ? '' : cells[end]!;
  const slots = Math.min(end < 0 ? cells.length - 2 : end - 2, MINUTES_PER_DAY / minutes);
  for (let slot = 0; slot < slots; slot++) {
    const value = cells[slot + 2]!;
    // Quality N: the value is unknown.
    if (value === '' || quality.startsWith('N')) continue;
    const named = new Map(
      Object.entries({ time: `${day} ${slotTime(slot, minutes)}`, nmi, register, unit, value, quality }),
    );
    yield { position, cells: columns.map((name) => named.get(name)) };
  }
}

function broken({ position }: CsvRow, reason: string): FileRecord {
  return { position, broken: reason };
}
