import { acceptGap, backfillStore } from '@wattkeeper/contract/endpoints/storage.ts';
import { toJob } from '../../domain/job-run.ts';
import type { Api } from '../../http/api.ts';
import { callerOf } from '../../http/security-caller.ts';
import { serve } from '../../http/serve.ts';
import type { Scheduler } from '../../jobs/scheduler.ts';
import type { GapFilling } from './gap-filling.ts';

/** `/storage/backfills`, `/storage/gaps`. */
export function backfillRoutes(api: Api, scheduler: Scheduler, filling: GapFilling): void {
  serve(api, acceptGap, async ({ params }) => {
    await filling.accept(params.store);
  });
  serve(api, backfillStore, async (request) => toJob(await scheduler.run('backfill', callerOf(request), request.body)));
}
