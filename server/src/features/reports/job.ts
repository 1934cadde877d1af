import type { JobDefinition } from '../../jobs/job.ts';
import type { ReportService } from './service.ts';

/** Runs every hour: each site's day ends at its own midnight, and a report that is there is not made again. */
export function reportsJob(reports: ReportService): JobDefinition {
  return {
    name: 'reports',
    scope: 'write',
    title: 'Reports',
    description: 'Stores the report of each day, week and month that is over, imported ones as well.',
    schedule: '30 * * * *',
    run: async ({ signal }) => ({ reports: await reports.storeReports(signal) }),
  };
}
