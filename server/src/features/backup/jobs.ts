import { RestoreRequest } from '@wattkeeper/contract/backup.ts';
import { z } from 'zod';
import type { JobDefinition } from '../../jobs/job.ts';
import type { BackupService } from './service.ts';

const Verification = z.object({ name: z.string().optional() });
const Restoration = RestoreRequest.extend({ name: z.string() });

/** Regular backups, their weekly verification, and restores that a person asks for. */
export function backupJobs(backups: BackupService, daily: boolean, schedule: string): JobDefinition[] {
  const verification: JobDefinition<z.infer<typeof Verification>> = {
    name: 'backup-verification',
    title: 'Verify backup',
    description:
      'Restores the newest backup into a scratch folder, compares every day of every series, and reads the archived files that it needs.',
    schedule: '0 4 * * 0',
    params: Verification,
    enabled: () => daily,
    run: async ({ params, ...work }) => backups.verify(params.name, work),
  };
  const restoration: JobDefinition<z.infer<typeof Restoration>> = {
    name: 'restore',
    title: 'Restore',
    description: 'Brings a backup back and proves it; it takes effect at the next start.',
    schedule: null,
    scope: 'admin',
    params: Restoration,
    run: async ({ params, ...work }) => {
      const { head, summary, ...counts } = await backups.prepareRestore(params.name, params, work);
      return { ...counts, backed_up_at: summary.finished_at, takes_effect: 'at the next start of the service' };
    },
  };
  return [
    {
      name: 'backup',
      title: 'Backup',
      description: 'Writes records, telemetry and configuration into one file, and removes backups that are too old.',
      schedule,
      enabled: () => daily,
      run: (work) => backups.make(work),
    },
    verification,
    restoration,
  ];
}
