import type { Job } from '@wattkeeper/contract/service.ts';
import type { Page, PageRequest } from './page.ts';

/** One run of a job. Instants are epoch milliseconds. */
export interface JobRecord {
  readonly id: string;
  readonly name: string;
  readonly state: Job['state'];
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

export type JobPatch = {
  readonly [K in keyof Omit<JobRecord, 'id' | 'name' | 'createdAt'>]?: JobRecord[K] | undefined;
};

export interface JobFilter {
  readonly name?: string | undefined;
  readonly state?: JobRecord['state'] | undefined;
}

export interface Jobs {
  /** A new run, queued. */
  create(name: string): Promise<JobRecord>;
  /** Throws NotFound. */
  update(id: string, patch: JobPatch): Promise<JobRecord>;
  find(id: string): Promise<JobRecord | undefined>;
  /** Throws NotFound. */
  require(id: string): Promise<JobRecord>;
  /** Newest first. */
  page(request: PageRequest & JobFilter): Promise<Page<JobRecord>>;
  /** The newest run of a job, or the newest in one state. */
  last(name: string, state?: JobRecord['state']): Promise<JobRecord | undefined>;
  /** Marks what was queued or running when the service ended as failed; answers how many. Call it once, before jobs start. */
  failInterrupted(error: string): Promise<number>;
  /** Drops finished runs that ended before an instant, but keeps each job's newest; answers how many. */
  prune(before: number): Promise<number>;
}
