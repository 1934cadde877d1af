import type { Batch, Block } from '../domain/columns/batch.ts';
import type { TelemetryStore } from './backend.ts';

/** Applies batches to a store in order: their rows are written and their erasures applied, in the original sequence. */
export async function applyBatches(
  store: Pick<TelemetryStore, 'write' | 'erase'>,
  batches: readonly Batch[],
): Promise<void> {
  let run: Batch[] = [];
  const flush = async () => {
    if (run.length > 0) await store.write(run);
    run = [];
  };
  for (const batch of batches) {
    if (!batch.blocks.some(({ erases }) => erases)) {
      run.push(batch);
      continue;
    }
    for (const block of batch.blocks) {
      if (!block.erases) {
        run.push({ sequence: batch.sequence, blocks: [block] });
        continue;
      }
      await flush();
      await store.erase([block]);
    }
  }
  await flush();
}

/** Blocks as batches, for functions that join the rows of batches. */
export function asBatch(blocks: readonly Block[]): Batch {
  return { sequence: 0, blocks };
}
