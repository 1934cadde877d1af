import { Job } from '@wattkeeper/contract/job.ts';
import { MigrationRequest } from '@wattkeeper/contract/storage/migration.ts';
import { toJob } from '../../domain/job-run.ts';
import type { Api } from '../../http/api.ts';
import { callerOf } from '../../http/security-caller.ts';
import type { Scheduler } from '../../jobs/scheduler.ts';

/** Room for the longest mapping, in which JSON writes each newline as two characters. */
const MAX_MIGRATION_BYTES = 2 * 1024 * 1024;

/** `/storage/migrations`. */
export function migrationRoutes(api: Api, scheduler: Scheduler): void {
  api.post(
    '/storage/migrations',
    {
      schema: {
        tags: ['storage'],
        summary: 'Bring older data in, or look what a migration would bring; the result is a MigrationReport',
        body: MigrationRequest,
        response: { 202: Job },
      },
      config: { scope: 'admin', audit: 'store.migrate' },
      bodyLimit: MAX_MIGRATION_BYTES,
    },
    async (request, reply) =>
      reply.status(202).send(toJob(await scheduler.run('migration', callerOf(request), request.body))),
  );
}
