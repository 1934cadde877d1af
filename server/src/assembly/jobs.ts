import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import type { Config } from '../config/schema.ts';
import { anomalyJob } from '../features/anomaly/job.ts';
import { archiveJob } from '../features/archive/job.ts';
import { backfillJob } from '../features/backfill/job.ts';
import { backupJobs } from '../features/backup/job.ts';
import { retrainingJob, trainingJob } from '../features/baseline/job.ts';
import { chargingJob } from '../features/charging/job.ts';
import { deviceRemovalJob } from '../features/devices/job.ts';
import { forecastJobs } from '../features/forecast/job.ts';
import { importJob } from '../features/importing/job.ts';
import { sqlTermsJob } from '../features/kpi/job.ts';
import { migrationJob } from '../features/migration/job.ts';
import { qualityJob } from '../features/quality/job.ts';
import { reportsJob } from '../features/reports/job.ts';
import { rollupJob } from '../features/retention/job.ts';
import type { FlagName } from '../features/settings/feature-flags.ts';
import { cleanUpJob, compactionJob, diskJob, scrubJob } from '../features/system/job.ts';
import type { JobContext, JobDefinition } from '../jobs/job.ts';
import type { Pipeline } from './pipeline.ts';
import type { Services } from './services.ts';
import { storesWithFiles } from './stores.ts';

/** Creates all jobs. To add one, define it in its feature's `job.ts` and add a line here. */
export function createJobs(pipeline: Pipeline, services: Services, config: Config, now: () => number): JobDefinition[] {
  const { primary, stores, archive, rollups, ingest, flags, records } = pipeline;
  const { backups, disk } = services;
  const rollUp = (work: Pick<JobContext, 'signal' | 'progress'>) => rollups.keepUp(ingest, work);
  /** The schedule does not start a job while its feature is switched off. */
  const under = (flag: FlagName, job: JobDefinition): JobDefinition => ({
    ...job,
    enabled: () => flags.isActive(flag) && (job.enabled?.() ?? true),
  });
  const auditKeptMs = config.auth.audit_retention_days * UTC_DAY_MS;
  return [
    compactionJob(stores, now),
    scrubJob(storesWithFiles(stores)),
    backfillJob(services.filling),
    deviceRemovalJob(services.removals),
    chargingJob(services.charging),
    qualityJob(services.quality),
    under('analytics_dashboard', reportsJob(services.reports)),
    under('analytics_dashboard', retrainingJob(services.baselines)),
    under('analytics_dashboard', anomalyJob(services.anomalies)),
    trainingJob(services.baselines),
    ...forecastJobs(services.forecasts.demand).map((job) => under('forecasting', job)),
    ...(backups ? backupJobs(backups, config.backup, () => services.filling.requireFilled(primary.name)) : []),
    migrationJob(services.migrations),
    importJob(services.importing),
    sqlTermsJob(services.sqlTerms, services.sqlGrowth),
    rollupJob(rollUp),
    archive && archiveJob(archive, rollUp),
    disk && diskJob(disk),
    cleanUpJob({ jobRuns: records.jobRuns, auditLog: records.auditLog, auditKeptMs, now }),
  ].filter((job) => job !== null);
}
