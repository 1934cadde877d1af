import { getPriority } from 'node:os';
import { threadId } from 'node:worker_threads';
import { InvalidInput } from '../../src/domain/errors.ts';
import type { ModelList } from '../../src/jobs/model-calls.ts';

/** Models that answer, refuse, spin and die on demand. */
export const TEST_MODELS = {
  double: async () => (column: Float64Array<ArrayBuffer>) => ({ column: column.map((value) => 2 * value), threadId }),
  refuse: async () => (found: string) => {
    const detail = `must be good; got ${found}`;
    throw new InvalidInput(`x ${detail}`, { code: 'no_data', fields: [{ field: 'x', detail }] });
  },
  fail: async () => () => (undefined as unknown as { x: number }).x,
  /** Never returns. */
  spin: async () => () => {
    for (;;);
  },
  wait: async () => (ms: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms),
  die: async () => () => process.exit(3),
  priority: async () => () => getPriority(),
} satisfies ModelList;
