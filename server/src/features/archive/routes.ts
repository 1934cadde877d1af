import { Job } from '@wattkeeper/contract/job.ts';
import { toJob } from '../../domain/job-run.ts';
import type { Api } from '../../http/api.ts';
import { callerOf } from '../../http/security-caller.ts';
import type { Scheduler } from '../../jobs/scheduler.ts';
import type { AuditLog } from '../../storage/records/audit-log.ts';

/** `/storage/archive`. */
export function archiveRoutes(api: Api, scheduler: Scheduler, auditLog: AuditLog): void {
  api.post(
    '/storage/archive',
    {
      schema: { tags: ['storage'], summary: 'Move old months to the archive now', response: { 202: Job } },
      config: { scope: 'admin' },
    },
    async (request, reply) => {
      const run = await scheduler.run('archive');
      await auditLog.append({ actor: callerOf(request).name, action: 'store.archive' });
      return reply.status(202).send(toJob(run));
    },
  );
}
