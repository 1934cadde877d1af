import { z } from 'zod';
import { pageOf } from '../common.ts';
import { endpoint } from '../endpoint.ts';
import { Job, JobQuery, SchedulerStatus } from '../job.ts';

const RunParams = z.object({ id: z.uuid().meta({ description: 'Id of the run' }) });

export const getScheduler = endpoint({
  method: 'GET',
  path: '/scheduler/status',
  tag: 'jobs',
  summary: 'Scheduled jobs and their newest runs',
  answers: { 200: SchedulerStatus },
  scope: 'read',
});

export const runJob = endpoint({
  method: 'POST',
  path: '/scheduler/jobs/:name/run',
  tag: 'jobs',
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
    .meta({ description: 'Parameters of the job; empty or omitted if it has none' }),
  answers: { 202: Job },
  scope: 'write',
  audit: 'job.run',
});

export const listJobs = endpoint({
  method: 'GET',
  path: '/jobs',
  tag: 'jobs',
  summary: 'Runs of jobs, newest first',
  query: JobQuery,
  answers: { 200: pageOf(Job) },
  scope: 'read',
});

export const getJob = endpoint({
  method: 'GET',
  path: '/jobs/:id',
  tag: 'jobs',
  summary: 'One run of a job',
  params: RunParams,
  answers: { 200: Job },
  scope: 'read',
});

export const cancelJob = endpoint({
  method: 'DELETE',
  path: '/jobs/:id',
  tag: 'jobs',
  summary: 'Cancel a run that is queued or in progress; needs the scope of the job',
  params: RunParams,
  answers: { 202: Job },
  scope: 'write',
  audit: 'job.cancel',
});
