import { migrate } from '@wattkeeper/contract/endpoints/storage.ts';
import { toJob } from '../../domain/job-run.ts';
import type { Api } from '../../http/api.ts';
import { callerOf } from '../../http/security-caller.ts';
import { serve } from '../../http/serve.ts';
import type { Scheduler } from '../../jobs/scheduler.ts';

/** Maximum size of a mapping, in which JSON writes each newline as two characters. */
const MAX_MIGRATION_BYTES = 2 * 1024 * 1024;

/** `/storage/migrations`. */
export function migrationRoutes(api: Api, scheduler: Scheduler): void {
  serve(api, migrate, async (request) => toJob(await scheduler.run('migration', callerOf(request), request.body)), {
    bodyLimit: MAX_MIGRATION_BYTES,
  });
}
