import { Job } from '@wattkeeper/contract/job.ts';
import { toJob } from '../../domain/job-run.ts';
import type { Api } from '../../http/api.ts';
import { callerOf } from '../../http/security-caller.ts';
import type { Scheduler } from '../../jobs/scheduler.ts';

/** `/storage/archive`. */
export function archiveRoutes(api: Api, scheduler: Scheduler): void {
  api.post(
    '/storage/archive',
    {
      schema: { tags: ['storage'], summary: 'Move old months to the archive now', response: { 202: Job } },
      config: { scope: 'admin', audit: 'store.archive' },
    },
    async (request, reply) => reply.status(202).send(toJob(await scheduler.run('archive', callerOf(request)))),
  );
}
