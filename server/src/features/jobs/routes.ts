import { formatInstant } from '@wattkeeper/contract/common.ts';
import { cancelJob, getJob, getScheduler, listJobs, runJob } from '@wattkeeper/contract/endpoints/jobs.ts';
import type { ScheduledJob } from '@wattkeeper/contract/job.ts';
import { Conflict } from '../../domain/errors.ts';
import { toJob } from '../../domain/job-run.ts';
import type { Api } from '../../http/api.ts';
import { callerOf } from '../../http/security-caller.ts';
import { serve } from '../../http/serve.ts';
import type { JobStatus, Scheduler } from '../../jobs/scheduler.ts';
import type { RecordStore } from '../../storage/records/record-store.ts';

export interface JobRoutesOptions {
  readonly scheduler: Scheduler;
  readonly records: Pick<RecordStore, 'jobRuns'>;
}

/** `/scheduler/status`, `/scheduler/jobs/{name}/run`, `/jobs`, `/jobs/{id}`. */
export function jobRoutes(api: Api, { scheduler, records }: JobRoutesOptions): void {
  serve(api, getScheduler, async () => ({
    state: scheduler.state,
    ...scheduler.load(),
    jobs: await Promise.all(scheduler.status().map((status) => describe(status, records.jobRuns, scheduler.timeZone))),
  }));
  serve(api, runJob, async (request) => {
    const run = await scheduler.run(request.params.name, callerOf(request), request.body ?? {});
    return toJob(run);
  });
  runRoutes(api, { scheduler, records });
}

function runRoutes(api: Api, { scheduler, records }: JobRoutesOptions): void {
  serve(api, listJobs, async ({ query }) => {
    const { items, nextCursor } = await records.jobRuns.page(query);
    return { items: items.map(toJob), next_cursor: nextCursor };
  });
  serve(api, getJob, async (request) => toJob(await records.jobRuns.require(request.params.id)));
  serve(api, cancelJob, async (request) => {
    const run = await records.jobRuns.require(request.params.id);
    if (!scheduler.cancel(run.id, callerOf(request)))
      throw new Conflict(`job ${run.id} has ended already: it ${run.state}`);
    return toJob(run);
  });
}

async function describe(status: JobStatus, runs: RecordStore['jobRuns'], timeZone: string): Promise<ScheduledJob> {
  const { definition, running, nextRunAt, retryAt, consecutiveFailures } = status;
  const last = await runs.last(definition.name);
  const success = await runs.last(definition.name, 'succeeded');
  return {
    name: definition.name,
    title: definition.title,
    description: definition.description,
    scope: definition.scope,
    schedule: definition.schedule,
    time_zone: timeZone,
    enabled: definition.enabled?.() ?? true,
    running,
    next_run_at: instantOrNull(nextRunAt),
    retry_at: instantOrNull(retryAt),
    consecutive_failures: consecutiveFailures,
    last_run: last ? toJob(last) : null,
    last_success_at: instantOrNull(success?.finishedAt ?? null),
  };
}

function instantOrNull(instant: number | null): string | null {
  return instant === null ? null : formatInstant(instant);
}
