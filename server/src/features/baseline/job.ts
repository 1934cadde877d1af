import { BaselineTraining, type TrainedBaseline } from '@wattkeeper/contract/analytics/baseline.ts';
import type { JobDefinition } from '../../jobs/job.ts';
import type { BaselineService } from './service.ts';

export const TRAINING_JOB = 'baseline-training';

/** Follows machines as they change: a version that is not valid leaves the one in use alone. */
export function retrainingJob(baselines: BaselineService): JobDefinition {
  return {
    name: 'baseline-retraining',
    scope: 'write',
    title: 'Retrain baselines',
    description:
      'Trains every baseline in use anew, with the same drivers and model, on the latest window of the same length.',
    schedule: '0 2 * * 0',
    run: ({ signal, progress }) => baselines.retrainAll(signal, progress),
  };
}

/** Trains one baseline. A request that waits gets the series too; they are not kept with the run. */
export function trainingJob(baselines: BaselineService): JobDefinition<BaselineTraining, TrainedBaseline> {
  return {
    name: TRAINING_JOB,
    scope: 'write',
    title: 'Train a baseline',
    description: 'Trains the next version of a machine’s baseline.',
    schedule: null,
    params: BaselineTraining,
    check: ({ machine_id }) => baselines.check(machine_id),
    key: (params) => JSON.stringify(params),
    run: ({ params, signal, progress }) => baselines.train(params, signal, progress),
    toResult: ({ series: _, ...model }) => model,
  };
}
