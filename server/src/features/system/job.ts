import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { Corrupt, messageOf } from '../../domain/errors.ts';
import { splitMetric } from '../../domain/metric-catalogue.ts';
import type { JobDefinition } from '../../jobs/job.ts';
import type { TelemetryStore } from '../../storage/backend.ts';
import type { MeteredStore } from '../../storage/layers/metered-store.ts';
import type { AuditLog } from '../../storage/records/accounts/audit-log.ts';
import type { JobRuns } from '../../storage/records/job-runs.ts';
import type { DiskWatch } from './disk-watch.ts';

const MAX_RUN_AGE_MS = 90 * UTC_DAY_MS;

export function compactionJob(stores: readonly MeteredStore[], now: () => number): JobDefinition {
  return {
    name: 'day-compaction',
    scope: 'write',
    title: 'Day compaction',
    description: 'Rewrites days that are over, so that they take less space and read faster.',
    schedule: '20 * * * *',
    run: async ({ signal }) => {
      const days = new Map<string, number>();
      for (const { name, store } of stores) days.set(name, (await store.compact(now(), signal)).days);
      return { days: Object.fromEntries(days) };
    },
  };
}

export interface CleanUpOptions {
  readonly jobRuns: JobRuns;
  readonly auditLog: AuditLog;
  readonly auditKeptMs: number;
  readonly now: () => number;
}

export function cleanUpJob({ jobRuns, auditLog, auditKeptMs, now }: CleanUpOptions): JobDefinition {
  return {
    name: 'clean-up',
    scope: 'admin',
    title: 'Clean up',
    description: 'Deletes old job runs and old entries of the audit log.',
    schedule: '10 * * * *',
    run: async () => ({
      job_runs: await jobRuns.prune(now() - MAX_RUN_AGE_MS),
      audit_entries: await auditLog.prune(now() - auditKeptMs),
    }),
  };
}

export function diskJob(watch: DiskWatch): JobDefinition {
  return {
    name: 'disk-watch',
    scope: 'write',
    title: 'Disk',
    description: 'Measures how fast the data folder fills its disk.',
    schedule: '5 * * * *',
    run: () => watch.sample(),
  };
}

/** Reads all stored readings, so that a changed byte is found while another copy exists. Stores compare the data with its checksums. */
export function scrubJob(stores: readonly MeteredStore[]): JobDefinition {
  return {
    name: 'scrub',
    scope: 'write',
    title: 'Scrub',
    description:
      'Reads all stored readings and compares them with their checksums, so that damage is found while another copy exists.',
    schedule: '40 2 * * *',
    run: async ({ signal, progress }) => {
      const rows = new Map<string, number>();
      const failures: string[] = [];
      for (const one of stores) {
        if (one.trouble() !== null) continue;
        progress(null, one.name);
        try {
          rows.set(one.name, await readAll(one.store, signal));
        } catch (error) {
          if (signal.aborted) throw error;
          failures.push(`store ${one.name}: ${messageOf(error)}`);
        }
      }
      if (failures.length > 0) throw new Corrupt(failures.join('\n'));
      return { rows: Object.fromEntries(rows) };
    },
  };
}

/** Reads every sample; returns the number of rows. */
async function readAll(store: TelemetryStore, signal: AbortSignal): Promise<number> {
  const byGroup = Map.groupBy(await store.series(), ({ deviceId, metric }) =>
    JSON.stringify([deviceId, splitMetric(metric).group]),
  );
  let rows = 0;
  for (const series of byGroup.values()) {
    const { deviceId, metric } = series[0]!;
    const frames = store.read({
      deviceIds: [deviceId],
      group: splitMetric(metric).group,
      quantities: series.map((one) => splitMetric(one.metric).quantity),
      window: {
        start: Math.min(...series.map(({ first }) => first)),
        end: Math.max(...series.map(({ last }) => last)) + 1,
      },
    });
    for await (const { timestamps } of frames) {
      signal.throwIfAborted();
      rows += timestamps.length;
    }
  }
  return rows;
}
