import type { JobDefinition } from '../../jobs/job.ts';
import type { ReportService } from './service.ts';

/** Runs every hour, since each site's day ends at its local midnight; existing reports are not made again. */
export function reportsJob(reports: ReportService): JobDefinition {
  return {
    name: 'reports',
    scope: 'write',
    title: 'Reports',
    description: 'Stores the reports of days, weeks and months that have ended, including imported ones.',
    schedule: '30 * * * *',
    run: async ({ signal }) => ({ reports: await reports.storeReports(signal) }),
  };
}
