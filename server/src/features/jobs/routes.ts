import { formatInstant, pageOf } from '@wattkeeper/contract/common.ts';
import { Job, JobQuery, type ScheduledJob, SchedulerStatus } from '@wattkeeper/contract/job.ts';
import { z } from 'zod';
import { Conflict } from '../../domain/errors.ts';
import { toJob } from '../../domain/job-run.ts';
import type { Api } from '../../http/api.ts';
import { callerOf } from '../../http/security-caller.ts';
import type { JobStatus, Scheduler } from '../../jobs/scheduler.ts';
import type { RecordStore } from '../../storage/records/record-store.ts';

export interface JobRoutesOptions {
  readonly scheduler: Scheduler;
  readonly records: Pick<RecordStore, 'jobRuns'>;
}

const schema = { tags: ['jobs'] };

/** `/scheduler/status`, `/scheduler/jobs/{name}/run`, `/jobs`, `/jobs/{id}`. */
export function jobRoutes(api: Api, { scheduler, records }: JobRoutesOptions): void {
  api.get(
    '/scheduler/status',
    {
      schema: { ...schema, summary: 'Scheduled jobs and their newest runs', response: { 200: SchedulerStatus } },
      config: { scope: 'read' },
    },
    async () => ({
      state: scheduler.state,
      ...scheduler.load(),
      jobs: await Promise.all(
        scheduler.status().map((status) => describe(status, records.jobRuns, scheduler.timeZone)),
      ),
    }),
  );
  api.post(
    '/scheduler/jobs/:name/run',
    {
      schema: {
        ...schema,
        summary: 'Run a job now; needs the scope of the job',
        params: z.object({
          name: z
            .string()
            .min(1)
            .max(100)
            .meta({ description: 'Name of the job', examples: ['day-compaction'] }),
        }),
        body: z
          .record(z.string(), z.unknown())
          .nullish()
          .meta({ description: 'Parameters of the job; empty or left out where it takes none' }),
        response: { 202: Job },
      },
      config: { scope: 'write', audit: 'job.run' },
    },
    async (request, reply) => {
      const run = await scheduler.run(request.params.name, callerOf(request), request.body ?? {});
      return reply.status(202).send(toJob(run));
    },
  );
  runRoutes(api, { scheduler, records });
}

function runRoutes(api: Api, { scheduler, records }: JobRoutesOptions): void {
  const params = z.object({ id: z.uuid().meta({ description: 'Id of the run' }) });
  api.get(
    '/jobs',
    {
      schema: {
        ...schema,
        summary: 'Runs of jobs, newest first',
        querystring: JobQuery,
        response: { 200: pageOf(Job) },
      },
      config: { scope: 'read' },
    },
    async ({ query }) => {
      const { items, nextCursor } = await records.jobRuns.page(query);
      return { items: items.map(toJob), next_cursor: nextCursor };
    },
  );
  api.get(
    '/jobs/:id',
    { schema: { ...schema, summary: 'One run of a job', params, response: { 200: Job } }, config: { scope: 'read' } },
    async (request) => toJob(await records.jobRuns.require(request.params.id)),
  );
  api.delete(
    '/jobs/:id',
    {
      schema: {
        ...schema,
        summary: 'Cancel a run that is queued or in progress; needs the scope of the job',
        params,
        response: { 202: Job },
      },
      config: { scope: 'write', audit: 'job.cancel' },
    },
    async (request, reply) => {
      const run = await records.jobRuns.require(request.params.id);
      if (!scheduler.cancel(run.id, callerOf(request)))
        throw new Conflict(`job ${run.id} has ended already: it ${run.state}`);
      return reply.status(202).send(toJob(run));
    },
  );
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
