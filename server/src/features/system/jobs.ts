import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import type { JobDefinition } from '../../jobs/job.ts';
import type { MeteredStore } from '../../storage/layers/metered-store.ts';
import type { AuditLog } from '../../storage/records/accounts/audit-log.ts';
import type { Jobs } from '../../storage/records/jobs.ts';

const JOB_RUNS_KEPT_MS = 90 * UTC_DAY_MS;

export function compactionJob(stores: readonly MeteredStore[], now: () => number): JobDefinition {
  return {
    name: 'day-compaction',
    scope: 'write',
    title: 'Day compaction',
    description: 'Rewrites days that are over, so that they take less room and read faster.',
    schedule: '20 * * * *',
    run: async ({ signal }) => {
      const days = new Map<string, number>();
      for (const { name, store } of stores) days.set(name, (await store.compact(now(), signal)).days);
      return { days: Object.fromEntries(days) };
    },
  };
}

export interface CleanUpOptions {
  readonly jobs: Jobs;
  readonly auditLog: AuditLog;
  readonly auditKeptMs: number;
  readonly now: () => number;
}

export function cleanUpJob({ jobs, auditLog, auditKeptMs, now }: CleanUpOptions): JobDefinition {
  return {
    name: 'clean-up',
    scope: 'admin',
    title: 'Clean up',
    description: 'Forgets old runs of jobs and old entries of the audit log.',
    schedule: '10 * * * *',
    run: async () => ({
      job_runs: await jobs.prune(now() - JOB_RUNS_KEPT_MS),
      audit_entries: await auditLog.prune(now() - auditKeptMs),
    }),
  };
}
