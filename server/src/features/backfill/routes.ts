import { BackfillRequest } from '@wattkeeper/contract/backfill.ts';
import { Job } from '@wattkeeper/contract/job.ts';
import { toJob } from '../../domain/job-run.ts';
import type { Api } from '../../http/api.ts';
import { callerOf } from '../../http/security-caller.ts';
import type { Scheduler } from '../../jobs/scheduler.ts';

/** `/storage/backfills`. */
export function backfillRoutes(api: Api, scheduler: Scheduler): void {
  api.post(
    '/storage/backfills',
    {
      schema: {
        tags: ['storage'],
        summary: 'Fill one store with what another holds; goes on where an earlier one ended',
        body: BackfillRequest,
        response: { 202: Job },
      },
      config: { scope: 'admin', audit: 'store.backfill' },
    },
    async (request, reply) =>
      reply.status(202).send(toJob(await scheduler.run('backfill', callerOf(request), request.body))),
  );
}
