import { randomUUID } from 'node:crypto';
import type { Job } from '@wattkeeper/contract/service.ts';
import type { Selectable } from 'kysely';
import { NotFound } from '../../domain/errors.ts';
import { cursorKey, type Page, type PageRequest, pageFrom, pageLimit } from './page.ts';
import type { RecordsContext, Schema } from './schema.ts';

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

/** Job runs in the records' database. */
export class SqlJobs implements Jobs {
  readonly #context: RecordsContext;

  constructor(context: RecordsContext) {
    this.#context = context;
  }

  async create(name: string): Promise<JobRecord> {
    const row = await this.#context.db
      .insertInto('jobs')
      .values({ id: randomUUID(), name, state: 'queued', created_at: this.#context.now() })
      .returningAll()
      .executeTakeFirstOrThrow();
    return toRecord(row);
  }

  async update(id: string, patch: JobPatch): Promise<JobRecord> {
    const row = await this.#context.db
      .updateTable('jobs')
      .set({ id, ...toColumns(patch) })
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirst();
    if (row === undefined) throw unknownJob(id);
    return toRecord(row);
  }

  async find(id: string): Promise<JobRecord | undefined> {
    const row = await this.#context.db.selectFrom('jobs').selectAll().where('id', '=', id).executeTakeFirst();
    return row && toRecord(row);
  }

  async require(id: string): Promise<JobRecord> {
    const job = await this.find(id);
    if (job === undefined) throw unknownJob(id);
    return job;
  }

  async page(request: PageRequest & JobFilter): Promise<Page<JobRecord>> {
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

  async last(name: string, state?: JobRecord['state']): Promise<JobRecord | undefined> {
    const row = await this.#newestFirst(name, state).limit(1).executeTakeFirst();
    return row && toRecord(row);
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

function toColumns(patch: JobPatch) {
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

function toRecord(row: Selectable<Schema['jobs']>): JobRecord {
  return {
    id: row.id,
    name: row.name,
    state: row.state as JobRecord['state'],
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
