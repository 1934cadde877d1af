import { BaselineTraining, type TrainedBaseline } from '@wattkeeper/contract/analytics/baseline.ts';
import type { JobDefinition } from '../../jobs/job.ts';
import type { BaselineService } from './service.ts';

export const TRAINING_JOB = 'baseline-training';

/** Retrains baselines as machines change; the active version is replaced only by a valid one. */
export function retrainingJob(baselines: BaselineService): JobDefinition {
  return {
    name: 'baseline-retraining',
    scope: 'write',
    title: 'Retrain baselines',
    description:
      'Trains every active baseline again, with the same drivers and model, on the latest window of the same length.',
    schedule: '0 2 * * 0',
    run: ({ signal, progress }) => baselines.retrainAll(signal, progress),
  };
}

/** Trains one baseline. A waiting request also receives the training series; they are not stored with the run. */
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
