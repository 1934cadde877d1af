import { archiveMonths } from '@wattkeeper/contract/endpoints/storage.ts';
import { toJob } from '../../domain/job-run.ts';
import type { Api } from '../../http/api.ts';
import { callerOf } from '../../http/security-caller.ts';
import { serve } from '../../http/serve.ts';
import type { Scheduler } from '../../jobs/scheduler.ts';

/** `/storage/archive`. */
export function archiveRoutes(api: Api, scheduler: Scheduler): void {
  serve(api, archiveMonths, async (request) => toJob(await scheduler.run('archive', callerOf(request))));
}
