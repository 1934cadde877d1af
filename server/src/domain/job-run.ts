import { formatInstant } from '@wattkeeper/contract/common.ts';
import type { Job, JobState } from '@wattkeeper/contract/job.ts';

/** One run of a job. Instants are epoch milliseconds. */
export interface JobRun {
  readonly id: string;
  readonly name: string;
  readonly state: JobState;
  /** 0–1; null while unknown. */
  readonly progress: number | null;
  readonly message: string | null;
  /** JSON. */
  readonly result: unknown;
  readonly error: string | null;
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
}

export type JobRunPatch = {
  readonly [K in keyof Omit<JobRun, 'id' | 'name' | 'createdAt'>]?: JobRun[K] | undefined;
};

/** Converts a run to its form in the API. */
export function toJob(run: JobRun): Job {
  return {
    id: run.id,
    name: run.name,
    state: run.state,
    progress: run.progress,
    message: run.message,
    result: run.result,
    error: run.error,
    created_at: formatInstant(run.createdAt),
    started_at: instantOrNull(run.startedAt),
    finished_at: instantOrNull(run.finishedAt),
  };
}

function instantOrNull(instant: number | null): string | null {
  return instant === null ? null : formatInstant(instant);
}
