import { MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import type { FileRecord } from './file-record.ts';
import { type Mapping, timestampColumns } from './mapping.ts';

/** The column name in a mapping for the values of slots. */
export const SLOT_COLUMN = 'slot';

/** The columns of the file that a mapping with slots requires; the first slot represents all of them. */
export function slotColumns({ slots }: Mapping, columns: readonly string[]): readonly string[] {
  return slots ? columns.map((name) => (name === SLOT_COLUMN ? slots.first : name)) : columns;
}

/** `HH:mm` of a slot. */
export function slotTime(index: number, minutes: number): string {
  return new Date(index * minutes * MINUTE_MS).toISOString().slice(11, 16);
}

/** Yields one record for each slot of each day that has a value; the slot's time of day is appended to the date. */
export async function* slotRecords(
  records: AsyncIterable<FileRecord>,
  mapping: Mapping,
  columns: readonly string[],
): AsyncGenerator<FileRecord> {
  const { slots } = mapping;
  if (slots === undefined) {
    yield* records;
    return;
  }
  const valueIndex = columns.indexOf(SLOT_COLUMN);
  const timeIndex = columns.indexOf(timestampColumns(mapping.timestamp).at(-1)!);
  for await (const record of records) {
    if ('broken' in record) {
      yield record;
      continue;
    }
    const { position, cells } = record;
    for (let slot = 0; slot < slots.count; slot++) {
      const value = slot === 0 ? cells[valueIndex] : record.after?.[slot - 1];
      if (value === undefined || value === '') continue;
      const filled = [...cells];
      filled[valueIndex] = value;
      filled[timeIndex] = `${String(cells[timeIndex])} ${slotTime(slot, slots.minutes)}`;
      yield { position, cells: filled };
    }
  }
}
