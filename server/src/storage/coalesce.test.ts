import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Batch, Block } from '../domain/columns/batch.ts';
import { coalesce, denseRuns } from './coalesce.ts';

const anyBatches = fc.array(
  fc.record({
    sequence: fc.nat(50),
    group: fc.constantFrom('a', 'b'),
    first: fc.nat(2000),
    width: fc.integer({ min: 1, max: 60 }),
  }),
  { maxLength: 300, size: 'max' },
);

it('divides batches so that joined rows have few empty cells, and keeps every block in order', () => {
  const property = fc.property(anyBatches, (given) => {
    const batches = given
      .toSorted((a, b) => a.sequence - b.sequence)
      .map(({ sequence, group, first, width }): Batch => ({ sequence, blocks: [blockOf(group, first, width)] }));
    const runs = denseRuns(batches);
    const kept = runs.flatMap((run) => run.flatMap(({ sequence, blocks }) => blocks.map((block) => [sequence, block])));
    expect(kept).toEqual(batches.flatMap(({ sequence, blocks }) => blocks.map((block) => [sequence, block])));
    for (const run of runs) {
      const values = run.flatMap(({ blocks }) => blocks).reduce((sum, block) => sum + block.columns.length, 0);
      for (const { timestamps, columns } of coalesce(run))
        expect(timestamps.length * columns.length).toBeLessThanOrEqual(8 * values + 65_536);
    }
  });
  fc.assert(property, { numRuns: 50 });
});

function blockOf(group: string, first: number, width: number): Block {
  return {
    group,
    quantities: Array.from({ length: width }, (_, i) => `q${first + i}`),
    devices: ['d'],
    device: new Int32Array(1),
    timestamps: new Float64Array(1),
    columns: Array.from({ length: width }, () => new Float64Array(1)),
  };
}
