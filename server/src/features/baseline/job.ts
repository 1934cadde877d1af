import { BaselineTraining } from '@wattkeeper/contract/analytics/baseline.ts';
import { z } from 'zod';
import type { JobDefinition } from '../../jobs/job.ts';
import type { BaselineService } from './service.ts';
import { TRAINING_JOB, type Trainings } from './trainings.ts';

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

const TrainingParams = BaselineTraining.safeExtend({ training_id: z.uuid().optional() });

/** A training that takes long, or that nobody waits for. */
export function trainingJob(trainings: Trainings): JobDefinition {
  return {
    name: TRAINING_JOB,
    scope: 'write',
    title: 'Train a baseline',
    description: 'Trains the next version of a machine’s baseline.',
    schedule: null,
    params: TrainingParams,
    check: ({ machine_id }) => trainings.check(machine_id),
    key: (params) => JSON.stringify(params),
    run: ({ params, signal, progress }) => trainings.run(params as z.infer<typeof TrainingParams>, signal, progress),
  };
}
