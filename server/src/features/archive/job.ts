import type { JobContext, JobDefinition } from '../../jobs/job.ts';
import type { ArchiveReport } from '../../storage/archive/archive-months.ts';

/**
 * Moves old months out of the first store, every night.
 * @param before what has to be done while they are still there
 */
export function archiveJob(
  archive: { moveOldMonths(work: Pick<JobContext, 'signal' | 'progress'>): Promise<ArchiveReport> },
  before: (work: Pick<JobContext, 'signal' | 'progress'>) => Promise<unknown>,
): JobDefinition {
  return {
    name: 'archive',
    scope: 'admin',
    title: 'Archive',
    description: 'Moves old months into the Parquet archive, and takes them out of the store once they are read back.',
    schedule: '30 3 * * *',
    run: async (work) => {
      await before(work);
      return archive.moveOldMonths(work);
    },
  };
}
