import type { Selectable } from 'kysely';
import { v7 as newId } from 'uuid';
import { NotFound } from '../../domain/errors.ts';
import type { JobRun, JobRunPatch } from '../../domain/job-run.ts';
import { cursorKey, type Page, type PageRequest, pageFrom, pageLimit } from './page.ts';
import type { RecordsContext, Schema } from './schema.ts';

export interface JobFilter {
  readonly name?: string | undefined;
  readonly state?: JobRun['state'] | undefined;
}

export interface Jobs {
  /** A new run, queued. */
  create(name: string): Promise<JobRun>;
  /** Throws NotFound. */
  update(id: string, patch: JobRunPatch): Promise<JobRun>;
  find(id: string): Promise<JobRun | undefined>;
  /** Throws NotFound. */
  require(id: string): Promise<JobRun>;
  /** Newest first. */
  page(request: PageRequest & JobFilter): Promise<Page<JobRun>>;
  /** The newest run of a job, or the newest in one state. */
  last(name: string, state?: JobRun['state']): Promise<JobRun | undefined>;
  /** The newest run of a job that was created at or before an instant. */
  lastUntil(name: string, until: number): Promise<JobRun | undefined>;
  /** When the oldest run on record was created; null while there is none. */
  oldestAt(): Promise<number | null>;
  /** Marks what was queued or running when the service ended as failed; answers how many. Call it once, before jobs start. */
  failInterrupted(error: string): Promise<number>;
  /** Drops finished runs that ended before an instant, but keeps each job's newest; answers how many. */
  prune(before: number): Promise<number>;
}

/** Job runs in the records' database. */
export class SqlJobs implements Jobs {
  readonly #context: RecordsContext;

  constructor(context: RecordsContext) {
    this.#context = context;
  }

  async create(name: string): Promise<JobRun> {
    const row = await this.#context.db
      .insertInto('jobs')
      .values({ id: newId(), name, state: 'queued', created_at: this.#context.now() })
      .returningAll()
      .executeTakeFirstOrThrow();
    return toRecord(row);
  }

  async update(id: string, patch: JobRunPatch): Promise<JobRun> {
    const row = await this.#context.db
      .updateTable('jobs')
      .set({ id, ...toColumns(patch) })
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirst();
    if (row === undefined) throw unknownJob(id);
    return toRecord(row);
  }

  async find(id: string): Promise<JobRun | undefined> {
    const row = await this.#context.db.selectFrom('jobs').selectAll().where('id', '=', id).executeTakeFirst();
    return row && toRecord(row);
  }

  async require(id: string): Promise<JobRun> {
    const job = await this.find(id);
    if (job === undefined) throw unknownJob(id);
    return job;
  }

  async page(request: PageRequest & JobFilter): Promise<Page<JobRun>> {
    const limit = pageLimit(request);
    const after = cursorKey(request.cursor, 'number', 'string');
    let query = this.#newestFirst(request.name, request.state);
    if (after !== null) {
      query = query.where((where) =>
        where(where.refTuple('created_at', 'id'), '<', where.tuple(Number(after[0]), String(after[1]))),
      );
    }
    const rows = await query.limit(limit + 1).execute();
    return pageFrom(rows.map(toRecord), limit, (job) => [job.createdAt, job.id]);
  }

  async last(name: string, state?: JobRun['state']): Promise<JobRun | undefined> {
    const row = await this.#newestFirst(name, state).limit(1).executeTakeFirst();
    return row && toRecord(row);
  }

  async lastUntil(name: string, until: number): Promise<JobRun | undefined> {
    const row = await this.#newestFirst(name, undefined).where('created_at', '<=', until).limit(1).executeTakeFirst();
    return row && toRecord(row);
  }

  async oldestAt(): Promise<number | null> {
    const { oldest } = await this.#context.db
      .selectFrom('jobs')
      .select(({ fn }) => fn.min('created_at').as('oldest'))
      .executeTakeFirstOrThrow();
    return oldest === null ? null : Number(oldest);
  }

  async failInterrupted(error: string): Promise<number> {
    const result = await this.#context.db
      .updateTable('jobs')
      .set({ state: 'failed', error, finished_at: this.#context.now() })
      .where('state', 'in', ['queued', 'running'])
      .executeTakeFirst();
    return Number(result.numUpdatedRows);
  }

  async prune(before: number): Promise<number> {
    const result = await this.#context.db
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

  #newestFirst(name: string | undefined, state: string | undefined) {
    let query = this.#context.db.selectFrom('jobs').selectAll().orderBy('created_at', 'desc').orderBy('id', 'desc');
    if (name !== undefined) query = query.where('name', '=', name);
    if (state !== undefined) query = query.where('state', '=', state);
    return query;
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

function unknownJob(id: string): NotFound {
  return new NotFound(`there is no job run with the id "${id}"`);
}
