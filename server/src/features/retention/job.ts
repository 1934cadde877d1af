import type { JobContext, JobDefinition } from '../../jobs/job.ts';
import type { RetentionReport } from '../../storage/retention/retention.ts';

/** Updates rollups with late readings, and deletes readings that are older than configured. */
export function rollupJob(
  keepUp: (work: Pick<JobContext, 'signal' | 'progress'>) => Promise<RetentionReport>,
): JobDefinition {
  return {
    name: 'rollups',
    scope: 'admin',
    title: 'Rollups and retention',
    description:
      'Aggregates readings to rollups before they are deleted from the store, adds late ones, and deletes readings older than configured where that saves space.',
    schedule: '35 * * * *',
    run: (work) => keepUp(work),
  };
}
