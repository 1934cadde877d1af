import { BackfillRequest } from '@wattkeeper/contract/backfill.ts';
import { Job } from '@wattkeeper/contract/job.ts';
import { toJob } from '../../domain/job-run.ts';
import type { Api } from '../../http/api.ts';
import { callerOf } from '../../http/security-caller.ts';
import type { Scheduler } from '../../jobs/scheduler.ts';
import type { AuditLog } from '../../storage/records/audit-log.ts';

/** `/storage/backfills`. */
export function backfillRoutes(api: Api, scheduler: Scheduler, auditLog: AuditLog): void {
  api.post(
    '/storage/backfills',
    {
      schema: {
        tags: ['storage'],
        summary: 'Fill one store with what another holds; goes on where an earlier one ended',
        body: BackfillRequest,
        response: { 202: Job },
      },
      config: { scope: 'admin' },
    },
    async (request, reply) => {
      const { from, to } = request.body;
      const run = await scheduler.run('backfill', request.body);
      await auditLog.append({
        actor: callerOf(request).name,
        action: 'store.backfill',
        target: to,
        detail: `from ${from}`,
      });
      return reply.status(202).send(toJob(run));
    },
  );
}
