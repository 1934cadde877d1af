import type { JobDefinition } from '../../jobs/job.ts';
import type { QualityService } from './service.ts';

/** Runs every hour, because late readings still change the last days; a day's report is final two days after it. */
export function qualityJob(quality: QualityService): JobDefinition {
  return {
    name: 'data-quality',
    scope: 'write',
    title: 'Data quality',
    description: 'Assesses the data of the last days and stores a report for each.',
    schedule: '40 * * * *',
    run: async ({ signal, progress }) => ({ reports: await quality.storeReports(signal, progress) }),
  };
}
