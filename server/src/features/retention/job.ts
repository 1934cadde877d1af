import type { JobContext, JobDefinition } from '../../jobs/job.ts';
import type { RetentionReport } from '../../storage/retention/retention.ts';

/** Keeps rollups up with late readings, and throws away what is configured to go. */
export function rollupJob(
  keepUp: (work: Pick<JobContext, 'signal' | 'progress'>) => Promise<RetentionReport>,
): JobDefinition {
  return {
    name: 'rollups',
    scope: 'admin',
    title: 'Rollups and retention',
    description:
      'Rolls readings up before they leave the store, puts late ones to them, and throws away what is older than configured where that saves room.',
    schedule: '35 * * * *',
    run: (work) => keepUp(work),
  };
}
