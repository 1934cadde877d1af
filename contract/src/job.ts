import { z } from 'zod';
import { Scope } from './auth.ts';
import { Instant, PageQuery } from './common.ts';

export const JobState = z.enum(['queued', 'running', 'succeeded', 'failed', 'cancelled']);
export type JobState = z.infer<typeof JobState>;

/** One run of a job. */
export const Job = z
  .object({
    id: z.uuid(),
    name: z.string().meta({ examples: ['day-compaction'] }),
    state: JobState,
    progress: z.number().min(0).max(1).nullable().meta({ description: '0 to 1; null while unknown' }),
    message: z.string().nullable().meta({ description: 'What it does at the moment, or did last' }),
    result: z.unknown().nullable(),
    error: z.string().nullable(),
    created_at: Instant,
    started_at: Instant.nullable(),
    finished_at: Instant.nullable(),
  })
  .meta({ id: 'Job' });
export type Job = z.infer<typeof Job>;

export const JobQuery = PageQuery.extend({
  name: z.string().min(1).max(100).optional().meta({ description: 'Runs of this job only' }),
  state: JobState.optional(),
});

/** A job that the service knows, and how it is doing. */
export const ScheduledJob = z
  .object({
    name: z.string().meta({ examples: ['day-compaction'] }),
    title: z.string(),
    description: z.string(),
    scope: Scope.meta({ description: 'What starting and cancelling it requires' }),
    schedule: z
      .string()
      .nullable()
      .meta({
        description: 'Cron expression in the time zone beside it; null: runs when asked',
        examples: ['30 0 * * *'],
      }),
    time_zone: z.string().meta({ examples: ['Europe/Warsaw'] }),
    enabled: z.boolean(),
    running: z.boolean(),
    next_run_at: Instant.nullable(),
    retry_at: Instant.nullable().meta({ description: 'When it is tried again after a failure' }),
    consecutive_failures: z.number().int().min(0),
    last_run: Job.nullable(),
    last_success_at: Instant.nullable(),
  })
  .meta({ id: 'ScheduledJob' });
export type ScheduledJob = z.infer<typeof ScheduledJob>;

export const SchedulerStatus = z
  .object({
    state: z.enum(['running', 'stopped']),
    queued: z.number().int().min(0),
    running: z.number().int().min(0),
    jobs: z.array(ScheduledJob),
  })
  .meta({ id: 'SchedulerStatus' });
export type SchedulerStatus = z.infer<typeof SchedulerStatus>;
