import { Job } from '@wattkeeper/contract/job.ts';
import { MigrationRequest } from '@wattkeeper/contract/migration.ts';
import { toJob } from '../../domain/job-run.ts';
import type { Api } from '../../http/api.ts';
import { callerOf } from '../../http/security-caller.ts';
import type { Scheduler } from '../../jobs/scheduler.ts';
import type { AuditLog } from '../../storage/records/audit-log.ts';

/** `/storage/migrations`. */
export function migrationRoutes(api: Api, scheduler: Scheduler, auditLog: AuditLog): void {
  api.post(
    '/storage/migrations',
    {
      schema: {
        tags: ['storage'],
        summary: 'Bring older data in, or look what a migration would bring; the result is a MigrationReport',
        body: MigrationRequest,
        response: { 202: Job },
      },
      config: { scope: 'admin' },
    },
    async (request, reply) => {
      const { source, from, dry_run: isDry } = request.body;
      const run = await scheduler.run('migration', request.body);
      await auditLog.append({
        actor: callerOf(request).name,
        action: 'store.migrate',
        target: source,
        detail: isDry ? `dry run from ${from}` : `from ${from}`,
      });
      return reply.status(202).send(toJob(run));
    },
  );
}
