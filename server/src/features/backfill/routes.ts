import { Job } from '@wattkeeper/contract/job.ts';
import { BackfillRequest } from '@wattkeeper/contract/storage/backfill.ts';
import { z } from 'zod';
import { toJob } from '../../domain/job-run.ts';
import type { Api } from '../../http/api.ts';
import { callerOf } from '../../http/security-caller.ts';
import type { Scheduler } from '../../jobs/scheduler.ts';
import type { GapFilling } from './gap-filling.ts';

/** `/storage/backfills`, `/storage/gaps`. */
export function backfillRoutes(api: Api, scheduler: Scheduler, filling: GapFilling): void {
  api.delete(
    '/storage/gaps/:store',
    {
      schema: {
        tags: ['storage'],
        summary: 'Accept that a store lacks readings, such as those that no store has any more',
        params: z.object({ store: z.string().min(1).max(100).meta({ description: 'Name of the store' }) }),
        response: { 204: z.null() },
      },
      config: { scope: 'admin', audit: 'store.accept_gap' },
    },
    async ({ params }, reply) => {
      await filling.accept(params.store);
      return reply.status(204).send(null);
    },
  );
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
