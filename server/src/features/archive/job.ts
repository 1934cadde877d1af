import type { JobContext, JobDefinition } from '../../jobs/job.ts';
import type { ArchiveReport } from '../../storage/archive/archive-months.ts';

/**
 * Moves old months out of the first store, every night.
 * @param before work that needs the months in the store
 */
export function archiveJob(
  archive: { moveOldMonths(work: Pick<JobContext, 'signal' | 'progress'>): Promise<ArchiveReport> },
  before: (work: Pick<JobContext, 'signal' | 'progress'>) => Promise<unknown>,
): JobDefinition {
  return {
    name: 'archive',
    scope: 'admin',
    title: 'Archive',
    description:
      'Moves old months into the Parquet archive, and deletes them from the store after they were read back.',
    schedule: '30 3 * * *',
    run: async (work) => {
      await before(work);
      return archive.moveOldMonths(work);
    },
  };
}
