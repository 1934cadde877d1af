import type { JobContext, JobDefinition } from '../../jobs/job.ts';
import type { ArchiveReport } from '../../storage/lifecycle/archive-months.ts';

/** Moves old months out of the first store, every night. */
export function archiveJob(tiers: {
  archiveNow(work: Pick<JobContext, 'signal' | 'progress'>): Promise<ArchiveReport>;
}): JobDefinition {
  return {
    name: 'archive',
    title: 'Archive',
    description: 'Moves old months into the Parquet archive, and takes them out of the store once they are read back.',
    schedule: '30 3 * * *',
    run: (work) => tiers.archiveNow(work),
  };
}
