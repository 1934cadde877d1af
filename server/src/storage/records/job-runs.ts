import type { Selectable } from 'kysely';
import { v7 as newId } from 'uuid';
import type { JobRun, JobRunPatch } from '../../domain/job-run.ts';
import { type Page, type PageRequest, pageOfQuery } from './page.ts';
import { unknownId } from './record-errors.ts';
import type { RecordsContext, RecordsDatabase, Schema } from './schema.ts';

export interface JobRunFilter {
  readonly name?: string | undefined;
  readonly state?: JobRun['state'] | undefined;
}

/** Runs of jobs. */
export class JobRuns {
  readonly #db: RecordsDatabase;
  readonly #now: () => number;

  constructor({ db, now }: RecordsContext) {
    this.#db = db;
    this.#now = now;
  }

  /** Creates a queued run. */
  async create(name: string): Promise<JobRun> {
    const row = await this.#db
      .insertInto('jobs')
      .values({ id: newId(), name, state: 'queued', created_at: this.#now() })
      .returningAll()
      .executeTakeFirstOrThrow();
    return toRecord(row);
  }

  /** Throws NotFound. */
  async update(id: string, patch: JobRunPatch): Promise<JobRun> {
    const row = await this.#db
      .updateTable('jobs')
      .set({ id, ...toColumns(patch) })
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirst();
    if (row === undefined) throw unknownId('job run', id);
    return toRecord(row);
  }

  async find(id: string): Promise<JobRun | undefined> {
    const row = await this.#db.selectFrom('jobs').selectAll().where('id', '=', id).executeTakeFirst();
    return row && toRecord(row);
  }

  /** Throws NotFound. */
  async require(id: string): Promise<JobRun> {
    const job = await this.find(id);
    if (job === undefined) throw unknownId('job run', id);
    return job;
  }

  /** Newest first. */
  async page(request: PageRequest & JobRunFilter): Promise<Page<JobRun>> {
    const key = { created_at: 'number', id: 'string' } as const;
    return pageOfQuery(this.#select(request), request, 'desc', key, toRecord);
  }

  /** The newest run of a job, or the newest in a given state. */
  async last(name: string, state?: JobRun['state']): Promise<JobRun | undefined> {
    const row = await this.#newestFirst({ name, state }).limit(1).executeTakeFirst();
    return row && toRecord(row);
  }

  /** The newest run of a job that was created at or before an instant. */
  async lastUntil(name: string, until: number): Promise<JobRun | undefined> {
    const row = await this.#newestFirst({ name }).where('created_at', '<=', until).limit(1).executeTakeFirst();
    return row && toRecord(row);
  }

  /** Creation time of the oldest recorded run; null without runs. */
  async oldestAt(): Promise<number | null> {
    const { oldest } = await this.#db
      .selectFrom('jobs')
      .select(({ fn }) => fn.min('created_at').as('oldest'))
      .executeTakeFirstOrThrow();
    return oldest === null ? null : Number(oldest);
  }

  /** Marks runs that were queued or running when the service ended as failed; returns their number. Call it once, before jobs start. */
  async failInterrupted(error: string): Promise<number> {
    const result = await this.#db
      .updateTable('jobs')
      .set({ state: 'failed', error, finished_at: this.#now() })
      .where('state', 'in', ['queued', 'running'])
      .executeTakeFirst();
    return Number(result.numUpdatedRows);
  }

  /** Deletes finished runs that ended before an instant, except each job's newest; returns their number. */
  async prune(before: number): Promise<number> {
    const result = await this.#db
      .deleteFrom('jobs')
      .where('finished_at', '<', before)
      .where((where) =>
        where.exists(
          where
            .selectFrom('jobs as newer')
            .select('newer.id')
            .whereRef('newer.name', '=', 'jobs.name')
            .whereRef('newer.created_at', '>', 'jobs.created_at'),
        ),
      )
      .executeTakeFirst();
    return Number(result.numDeletedRows);
  }

  #select({ name, state }: JobRunFilter) {
    let query = this.#db.selectFrom('jobs').selectAll();
    if (name !== undefined) query = query.where('name', '=', name);
    if (state !== undefined) query = query.where('state', '=', state);
    return query;
  }

  #newestFirst(filter: JobRunFilter) {
    return this.#select(filter).orderBy('created_at', 'desc').orderBy('id', 'desc');
  }
}

function toColumns(patch: JobRunPatch) {
  return {
    state: patch.state,
    progress: patch.progress,
    message: patch.message,
    result: patch.result === undefined ? undefined : JSON.stringify(patch.result),
    error: patch.error,
    started_at: patch.startedAt,
    finished_at: patch.finishedAt,
  };
}

function toRecord(row: Selectable<Schema['jobs']>): JobRun {
  return {
    id: row.id,
    name: row.name,
    state: row.state as JobRun['state'],
    progress: row.progress,
    message: row.message,
    result: row.result === null ? null : JSON.parse(row.result),
    error: row.error,
    createdAt: row.created_at,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
  };
}
