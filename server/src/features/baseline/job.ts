import type { JobDefinition } from '../../jobs/job.ts';
import type { BaselineService } from './service.ts';

/** Follows machines as they change: a version that is not valid leaves the one in use alone. */
export function retrainingJob(baselines: BaselineService): JobDefinition {
  return {
    name: 'baseline-retraining',
    title: 'Retrain baselines',
    description: 'Trains every baseline in use anew on the last 90 days, with the same drivers.',
    schedule: '0 2 * * 0',
    run: ({ signal, progress }) => baselines.retrainAll(signal, progress),
  };
}
