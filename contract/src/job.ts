import { z } from 'zod';
import { Scope } from './access/auth.ts';
import { Instant, PageQuery } from './common.ts';

export const JobState = z.enum(['queued', 'running', 'succeeded', 'failed', 'cancelled']).meta({
  description:
    'queued: waiting · running · succeeded · failed: ended with an error, or because the service stopped · cancelled: stopped by a user',
});
export type JobState = z.infer<typeof JobState>;

export const JobName = z.string().meta({ description: 'Name of the job', examples: ['day-compaction'] });

/** One run of a job. */
export const Job = z
  .object({
    id: z.uuid().meta({ description: 'Id of the run' }),
    name: JobName,
    state: JobState,
    progress: z
      .number()
      .min(0)
      .max(1)
      .nullable()
      .meta({ description: 'Progress, 0 to 1; null: unknown', examples: [0.4] }),
    message: z
      .string()
      .nullable()
      .meta({ description: 'The step in progress, or the last one; null before the first' }),
    result: z
      .unknown()
      .nullable()
      .meta({ description: 'Outcome, in a form that depends on the job; null before it is available' }),
    error: z.string().nullable().meta({ description: 'Why the run failed; null: it did not fail' }),
    created_at: Instant.meta({ description: 'When the run was queued' }),
    started_at: Instant.nullable().meta({ description: 'When it started; null: it is queued' }),
    finished_at: Instant.nullable().meta({ description: 'When it ended; null: not yet' }),
  })
  .meta({ id: 'Job', description: 'One run of a job, from queueing to end' });
export type Job = z.infer<typeof Job>;

export const JobQuery = PageQuery.extend({
  name: z
    .string()
    .min(1)
    .max(100)
    .optional()
    .meta({ description: 'Runs of this job only', examples: ['day-compaction'] }),
  state: JobState.optional().meta({ description: 'Runs in this state only' }),
});

/** A job of the service and its state. */
export const ScheduledJob = z
  .object({
    name: JobName,
    title: z.string().meta({ description: 'Display name', examples: ['Day compaction'] }),
    description: z.string().meta({ description: 'Purpose of the job, in a sentence' }),
    scope: Scope.meta({ description: 'Scope required to start or cancel it' }),
    schedule: z
      .string()
      .nullable()
      .meta({
        description: 'Cron expression (minute hour day month weekday) in time_zone; null: runs on request only',
        examples: ['30 0 * * *'],
      }),
    time_zone: z.string().meta({ description: 'IANA time zone of the schedule', examples: ['Europe/Warsaw'] }),
    enabled: z
      .boolean()
      .meta({ description: 'False: the feature that the job belongs to is off, and the schedule does not start it' }),
    running: z.boolean().meta({ description: 'Whether a run is in progress' }),
    next_run_at: Instant.nullable().meta({ description: 'Next start by the schedule; null without a schedule' }),
    retry_at: Instant.nullable().meta({ description: 'When it is tried again after a failure; null: no retry is due' }),
    consecutive_failures: z.number().int().min(0).meta({ description: 'Failed runs since the last success' }),
    last_run: Job.nullable().meta({ description: 'Newest run; null: it has never run' }),
    last_success_at: Instant.nullable().meta({ description: 'End of the newest successful run; null: none' }),
  })
  .meta({ id: 'ScheduledJob', description: 'A job of the service, its schedule and the outcome of its runs' });
export type ScheduledJob = z.infer<typeof ScheduledJob>;

export const SchedulerStatus = z
  .object({
    state: z.enum(['running', 'stopped']).meta({ description: 'stopped: no job starts by its schedule' }),
    queued: z.number().int().min(0).meta({ description: 'Number of queued runs' }),
    running: z.number().int().min(0).meta({ description: 'Number of runs in progress' }),
    jobs: z.array(ScheduledJob).meta({ description: 'All jobs of the service' }),
  })
  .meta({ id: 'SchedulerStatus', description: 'State of the scheduler and of every job' });
export type SchedulerStatus = z.infer<typeof SchedulerStatus>;
