import type { JobState } from '@wattkeeper/contract/job.ts';

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
