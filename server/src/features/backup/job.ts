import { BackupName, RestoreRequest } from '@wattkeeper/contract/storage/backup.ts';
import { z } from 'zod';
import type { JobDefinition } from '../../jobs/job.ts';
import { toMissing } from '../../storage/journal-history/segments.ts';
import type { BackupService } from './service.ts';

const Verification = z.object({ name: BackupName.optional() });
const Restoration = RestoreRequest.extend({ name: BackupName });

/** `backup` of the configuration; schedules are cron expressions in the site's time. */
export interface BackupSettings {
  /** Whether backups are scheduled. */
  readonly enabled: boolean;
  readonly schedule: string;
  readonly point_in_time: boolean;
  readonly copy_to?: unknown;
  readonly copy_journal: string;
}

/**
 * Regular backups, their weekly verification, copies of the journal history between them, and restores on request.
 * @param requireFilled throws while a backfill of the primary store is pending, since a backup would lack the same readings
 */
export function backupJobs(
  backups: BackupService,
  { enabled, schedule, point_in_time: keepsHistory, copy_to: copyTo, copy_journal: copySchedule }: BackupSettings,
  requireFilled: () => void,
): JobDefinition[] {
  const verification: JobDefinition<z.infer<typeof Verification>> = {
    name: 'backup-verification',
    scope: 'admin',
    title: 'Verify backup',
    description:
      'Restores the newest backup into a scratch folder, compares every day of every series, and reads the archived files that it needs.',
    schedule: '0 4 * * 0',
    params: Verification,
    check: ({ name }) => (name === undefined ? undefined : backups.check(name)),
    enabled: () => enabled,
    run: async ({ params, ...work }) => backups.verify(params.name, work),
  };
  const restoration: JobDefinition<z.infer<typeof Restoration>> = {
    name: 'restore',
    scope: 'admin',
    title: 'Restore',
    description: 'Restores a backup and verifies it; it takes effect at the next start.',
    schedule: null,
    params: Restoration,
    check: ({ name }) => backups.check(name),
    run: async ({ params, ...work }) => {
      const { head, summary, missing, ...counts } = await backups.prepareRestore(params.name, params, work);
      return {
        ...counts,
        missing: missing.map(toMissing),
        backed_up_at: summary.finished_at,
        takes_effect: 'at the next start of the service',
      };
    },
  };
  return [
    {
      name: 'backup',
      scope: 'admin',
      title: 'Backup',
      description: 'Writes records, telemetry and configuration into one file, and removes backups that are too old.',
      schedule,
      enabled: () => enabled,
      run: async (work) => {
        requireFilled();
        return backups.make(work);
      },
    },
    verification,
    restoration,
    ...(keepsHistory && copyTo !== undefined ? [historyCopyJob(backups, copySchedule)] : []),
  ];
}

function historyCopyJob(backups: BackupService, schedule: string): JobDefinition {
  return {
    name: 'journal-copies',
    scope: 'admin',
    title: 'Copy journal',
    description:
      'Sends readings that arrived since the last run to where backups are copied to, for restores to an instant.',
    schedule,
    run: (work) => backups.copyHistory(work),
  };
}
