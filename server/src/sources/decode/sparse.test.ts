import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Block, valueCount } from '../../domain/columns/batch.ts';
import { decodeLineProtocol } from './line-protocol.ts';
import { decodeReadings } from './readings.ts';

type Value = [device: string, at: number, quantity: string, value: number];

/** Rows with few of many quantities, and complete ones between them. */
const rows = fc.array(
  fc.record({
    device: fc.integer({ min: 0, max: 3 }),
    first: fc.integer({ min: 0, max: 1500 }),
    count: fc.oneof({ weight: 20, arbitrary: fc.integer({ min: 1, max: 3 }) }, fc.constant(400)),
  }),
  { maxLength: 400, size: 'max' },
);
const decoders: [string, (rows: readonly Value[][]) => readonly Block[]][] = [
  ['readings', (all) => decodeReadings(all.map(readingOf)).blocks],
  ['lines', (all) => decodeLineProtocol(Buffer.from(all.map(lineOf).join('\n')), OPTIONS).blocks],
];
const OPTIONS = { precision: 'ms', nowMs: 0, deviceTags: ['device'], labelTags: [] } as const;

describe.each(decoders)('%s with many different quantities', (_, decode) => {
  it('become blocks that together have space for a few cells per value, in the given order', () => {
    const property = fc.property(rows, (shapes) => {
      const given = shapes.map(({ device, first, count }, at) =>
        Array.from({ length: count }, (_, i): Value => [`d${device}`, at, `q${first + i}`, at + i]),
      );
      const blocks = decode(given);
      expect(blocks.flatMap(valuesOf)).toEqual(given.flat());
      for (const block of blocks) {
        const cells = block.timestamps.length * block.columns.length;
        expect(cells).toBeLessThanOrEqual(8 * valueCount(block) + 65_536);
        expect(block.devices.length).toBeLessThanOrEqual(block.timestamps.length);
        for (const column of block.columns) expect(column.buffer.byteLength).toBe(column.byteLength);
      }
    });
    fc.assert(property, { numRuns: 15, endOnFailure: true });
  });

  it('use memory in proportion to their values if each has a different quantity', () => {
    const given = Array.from({ length: 1_900 }, (_, i): Value[] => [['d', i, `q${i}`, i]]);
    const blocks = decode(given);
    expect(blocks.flatMap(valuesOf)).toEqual(given.flat());
    const cells = blocks.reduce((sum, block) => sum + block.timestamps.length * block.columns.length, 0);
    expect(cells).toBeLessThan(600_000);
  });
});

function readingOf(row: readonly Value[]) {
  const [device, at] = row[0]!;
  const values = row.map(([, , quantity, value]) => [`g.${quantity}`, value]);
  return { device_id: device, timestamp: new Date(at).toISOString(), values: Object.fromEntries(values) };
}

function lineOf(row: readonly Value[]): string {
  const [device, at] = row[0]!;
  return `g,device=${device} ${row.map(([, , quantity, value]) => `${quantity}=${value}`).join(',')} ${at}`;
}

function valuesOf(block: Block): Value[] {
  return [...block.timestamps].flatMap((at, row) => {
    const device = block.devices[block.device[row]!]!;
    const found = block.quantities.map((quantity, c): Value => [device, at, quantity, block.columns[c]![row]!]);
    return found
      .filter(([, , , value]) => !Number.isNaN(value))
      .sort(([, , a], [, , b]) => Number(a.slice(1)) - Number(b.slice(1)));
  });
}
