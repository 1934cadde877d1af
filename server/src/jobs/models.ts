import type { ModelList } from './model-calls.ts';

/** Models that run on threads of their own. To add one, add a line. */
export const MODELS = {
  'baseline.train': async () => (await import('../analytics/baseline/train.ts')).trainBaseline,
} satisfies ModelList;
export type Models = typeof MODELS;
