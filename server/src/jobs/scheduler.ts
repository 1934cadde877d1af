import { setTimeout as sleep } from 'node:timers/promises';
import { HOUR_MS, MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import type { JobState } from '@wattkeeper/contract/job.ts';
import { Cron } from 'croner';
import { Conflict, ExpectedError, NotFound, Unavailable } from '../domain/errors.ts';
import type { JobRun, JobRunPatch } from '../domain/job-run.ts';
import { type Rights, requireScope } from '../domain/rights.ts';
import type { JobDefinition } from './job.ts';
import { keyOf, parseParams } from './job-params.ts';
import { Progress } from './progress.ts';
import { CancelledError, outcomeOf, PLACEHOLDER } from './run-record.ts';

/** The storage of runs. */
export interface JobRuns {
  create(name: string): Promise<JobRun>;
  update(id: string, patch: JobRunPatch): Promise<JobRun>;
  /** The newest run of a job that was created at or before an instant. */
  lastUntil(name: string, until: number): Promise<JobRun | undefined>;
  /** Creation time of the oldest run of any job; null without runs. */
  oldestAt(): Promise<number | null>;
  failInterrupted(error: string): Promise<number>;
}

export interface SchedulerOptions {
  readonly runs: JobRuns;
  /** The time zone of schedules; read at every tick. */
  readonly timeZone: () => Promise<string>;
  readonly now: () => number;
  /** Every change of a run: queued, running, progress, ended. */
  readonly onChange: (run: JobRun) => void;
  readonly onError: (job: string, error: unknown) => void;
}

/** The status of a job. Instants are epoch milliseconds. */
export interface JobStatus {
  readonly definition: JobDefinition;
  readonly running: boolean;
  readonly nextRunAt: number | null;
  readonly retryAt: number | null;
  readonly consecutiveFailures: number;
}

/** Maximum number of simultaneous runs; the others are queued. */
const MAX_RUNNING = 2;
const MAX_WAITING = 100;
/** Delays after the first consecutive failures; the next scheduled run happens in any case. */
const RETRY_AFTER_MS = [MINUTE_MS, 4 * MINUTE_MS, 16 * MINUTE_MS, HOUR_MS];
/** Maximum time between two ticks, so that no scheduled run is missed after a suspend or a change of the clock. */
const MAX_SLEEP_MS = 30_000;
/** If the clock is set back by more than this, it was wrong before: runs are scheduled again from the present. */
const MAX_SETBACK_MS = 5 * MINUTE_MS;
const MAX_RETRY_MS = Math.max(...RETRY_AFTER_MS);
const CATCH_UP_AFTER_MS = 5_000;
const INTERRUPTED = 'the service ended while it ran';

interface Planned {
  readonly definition: JobDefinition;
  /** Scheduled times up to this instant are settled: the job ran, or need not run. */
  settledAt: number;
  /** The first scheduled time after that in the site's zone; in the past for an overdue job. */
  nextRunAt: number | null;
  retryAt: number | null;
  failures: number;
}

interface Active {
  readonly key: string;
  readonly name: string;
  run: JobRun;
  readonly params: unknown;
  /** null: the schedule. */
  readonly by: Rights | null;
  readonly abort: AbortController;
  /** The answer of the job; rejects with the reason if it ends without one. */
  readonly outcome: PromiseWithResolvers<unknown>;
  started: boolean;
  /** A caller waits for the outcome: expected errors are its answer, and no failures of the service. */
  isAwaited: boolean;
}

/**
 * Runs jobs on schedule and on request. Every run is recorded; runs of a job never overlap; one run replaces all scheduled runs that were
 * missed because the service was down, the site's zone changed or the clock was set; failed runs are retried after increasing delays.
 */
export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #jobs: Map<string, Planned>;
  readonly #active = new Map<string, Active>();
  readonly #line: Active[] = [];
  readonly #work = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | null = null;
  #state: 'stopped' | 'running' = 'stopped';
  #timeZone = 'UTC';

  constructor(jobs: readonly JobDefinition[], options: SchedulerOptions) {
    this.#options = options;
    this.#jobs = new Map(
      jobs.map((definition) => [
        definition.name,
        { definition, settledAt: 0, nextRunAt: null, retryAt: null, failures: 0 },
      ]),
    );
  }

  get state(): 'stopped' | 'running' {
    return this.#state;
  }

  /** The current time zone of schedules. */
  get timeZone(): string {
    return this.#timeZone;
  }

  /** Records the runs that an earlier process left unfinished as interrupted, schedules missed runs, and starts the timer. */
  async start(): Promise<void> {
    const { runs, now } = this.#options;
    await runs.failInterrupted(INTERRUPTED);
    this.#timeZone = await this.#options.timeZone();
    // A job that has never run is also overdue: the machine may be off at each scheduled time, or its clock was ahead at the first record.
    const oldestAt = (await runs.oldestAt()) ?? now();
    const firstAt = oldestAt <= now() ? oldestAt : 0;
    for (const planned of this.#jobs.values()) {
      if (planned.definition.schedule === null) continue;
      // A recorded run in the future was created by a wrong clock.
      const last = await runs.lastUntil(planned.definition.name, now());
      this.#settle(planned, last?.createdAt ?? firstAt);
      const unfinished = last?.state === 'failed' && last.error === INTERRUPTED;
      const overdue = planned.nextRunAt !== null && planned.nextRunAt <= now();
      if (overdue) planned.nextRunAt = now() + CATCH_UP_AFTER_MS;
      if (unfinished || planned.definition.atStart) planned.retryAt = now() + CATCH_UP_AFTER_MS;
    }
    this.#state = 'running';
    this.#startNext();
    this.#sleep();
  }

  /** Aborts running jobs and waits for their end. */
  async close(): Promise<void> {
    this.#state = 'stopped';
    if (this.#timer) clearTimeout(this.#timer);
    for (const { outcome } of this.#line.splice(0)) outcome.reject(new Conflict(INTERRUPTED));
    for (const { abort } of this.#active.values()) abort.abort(new Conflict(INTERRUPTED));
    await Promise.all(this.#work);
  }

  /** Starts due jobs. Called by the timer and by tests. */
  async tick(): Promise<void> {
    await this.#followTimeZone();
    const now = this.#options.now();
    this.#followClock(now);
    for (const planned of this.#jobs.values()) {
      if (dueAt(planned) > now) continue;
      const { definition } = planned;
      planned.retryAt = null;
      this.#settle(planned, now);
      if (definition.enabled?.() === false) continue;
      const params = parseParams(definition, {});
      if (this.#active.has(keyOf(definition, params))) continue;
      await this.#enqueue(definition, params, null).catch((error: unknown) => {
        planned.retryAt = now + MINUTE_MS;
        this.#options.onError(definition.name, error);
      });
    }
  }

  /**
   * Starts a run now.
   * @param by the caller; the job's scope is required
   * @throws NotFound for an unknown name, Forbidden, InvalidInput for parameters that do not fit, Conflict while such a run works or waits
   */
  async run(name: string, by: Rights, params: unknown = {}): Promise<JobRun> {
    return (await this.#begin(name, by, params)).run;
  }

  /**
   * Starts a run now and waits for it for a limited time. The answer is undefined if the run continues after that time. Throws the errors
   * of `run`, those of the job within that time, and Unavailable if the service stops.
   */
  async runFor(name: string, by: Rights, params: unknown, waitMs: number): Promise<{ run: JobRun; answer: unknown }> {
    const active = await this.#begin(name, by, params);
    if (waitMs === 0) return { run: active.run, answer: undefined };
    const enough = new AbortController();
    const wait = sleep(waitMs, undefined, { signal: enough.signal }).catch(() => undefined);
    active.isAwaited = true;
    try {
      return { run: active.run, answer: await Promise.race([active.outcome.promise, wait]) };
    } catch (error) {
      if (this.#state === 'running') throw error;
      throw new Unavailable('the service is stopping: send the request again', { retryAfterS: 5, cause: error });
    } finally {
      active.isAwaited = false;
      enough.abort();
    }
  }

  async #begin(name: string, by: Rights, params: unknown): Promise<Active> {
    const { definition } = this.#planned(name);
    requireScope(by, definition.scope);
    const parsed = parseParams(definition, params);
    await definition.check?.(parsed);
    const running = this.#active.get(keyOf(definition, parsed));
    if (running) throw new Conflict(`${name} is running already, as job ${running.run.id}`);
    return this.#enqueue(definition, parsed, by);
  }

  /**
   * Cancels a running or queued run; returns false if there is no such run.
   * @throws Forbidden without the job's scope
   */
  cancel(id: string, by: Rights): boolean {
    for (const active of this.#active.values()) {
      if (active.run.id !== id) continue;
      requireScope(by, this.#planned(active.name).definition.scope);
      active.abort.abort(new CancelledError());
      if (!active.started) this.#track(this.#drop(active));
      return true;
    }
    return false;
  }

  /** Waits until no run is active or queued. */
  async idle(): Promise<void> {
    while (this.#work.size > 0) await Promise.all(this.#work);
  }

  status(): JobStatus[] {
    const working = new Set([...this.#active.values()].map(({ name }) => name));
    return [...this.#jobs.values()].map(({ definition, nextRunAt, retryAt, failures }) => ({
      definition,
      running: working.has(definition.name),
      nextRunAt,
      retryAt,
      consecutiveFailures: failures,
    }));
  }

  /** Queued and active runs. */
  runs(): JobRun[] {
    return [...this.#active.values()].map(({ run }) => run).filter((run) => run !== PLACEHOLDER);
  }

  /** Numbers of queued and active runs. */
  load(): { readonly queued: number; readonly running: number } {
    return { queued: this.#line.length, running: this.#active.size - this.#line.length };
  }

  #planned(name: string): Planned {
    const planned = this.#jobs.get(name);
    if (planned) return planned;
    throw new NotFound(
      `there is no job ${JSON.stringify(name.slice(0, 80))}; there are ${[...this.#jobs.keys()].join(', ')}`,
    );
  }

  async #enqueue(definition: JobDefinition, params: unknown, by: Rights | null): Promise<Active> {
    if (this.#line.length >= MAX_WAITING) {
      throw new Conflict(`${MAX_WAITING} jobs wait already: cancel some, or wait until they are done`);
    }
    const key = keyOf(definition, params);
    const abort = new AbortController();
    const active: Active = {
      ...{ key, params, by, abort, name: definition.name, run: PLACEHOLDER },
      ...{ outcome: Promise.withResolvers(), started: false, isAwaited: false },
    };
    // Nothing waits for it.
    active.outcome.promise.catch(() => {});
    this.#active.set(key, active);
    try {
      active.run = await this.#options.runs.create(definition.name);
    } catch (error) {
      this.#active.delete(key);
      throw error;
    }
    this.#options.onChange(active.run);
    this.#line.push(active);
    this.#startNext();
    return active;
  }

  #startNext(): void {
    while (this.#state === 'running' && this.#line.length > 0 && this.load().running < MAX_RUNNING) {
      const active = this.#line.shift() as Active;
      active.started = true;
      this.#track(this.#execute(active));
    }
  }

  #track(work: Promise<void>): void {
    const tracked = work.finally(() => {
      this.#work.delete(tracked);
      this.#startNext();
      this.#sleep();
    });
    this.#work.add(tracked);
  }

  async #execute(active: Active): Promise<void> {
    const { definition } = this.#planned(active.name);
    const { signal } = active.abort;
    const progress = new Progress((patch) => this.#update(active, patch));
    try {
      await this.#update(active, { state: 'running', startedAt: this.#options.now() });
      signal.throwIfAborted();
      const answer =
        (await definition.run({
          params: active.params,
          by: active.by,
          signal,
          progress: (share, message) => progress.tell(share, message),
        })) ?? null;
      await progress.settle();
      const result = definition.toResult ? definition.toResult(answer) : answer;
      await this.#end(active, { state: 'succeeded', progress: 1, result });
      active.outcome.resolve(answer);
    } catch (error) {
      await progress.settle();
      const isAnswer = active.isAwaited && error instanceof ExpectedError;
      await this.#end(active, outcomeOf(error, signal), isAnswer);
      active.outcome.reject(signal.aborted ? signal.reason : error);
      if (!signal.aborted && !isAnswer) this.#options.onError(active.name, error);
    }
  }

  async #drop(active: Active): Promise<void> {
    const place = this.#line.indexOf(active);
    if (place >= 0) this.#line.splice(place, 1);
    await this.#end(active, { state: 'cancelled' });
    active.outcome.reject(active.abort.signal.reason);
  }

  async #end(active: Active, patch: JobRunPatch & { readonly state: JobState }, isAnswer = false): Promise<void> {
    this.#active.delete(active.key);
    await this.#update(active, { ...patch, finishedAt: this.#options.now() });
    const planned = this.#planned(active.name);
    if (patch.state === 'succeeded') {
      planned.failures = 0;
      planned.retryAt = null;
    } else if (patch.state === 'failed' && this.#state === 'running' && !isAnswer) {
      planned.failures++;
      const wait = RETRY_AFTER_MS[planned.failures - 1];
      if (active.by === null && wait !== undefined) planned.retryAt = this.#options.now() + wait;
    }
  }

  async #update(active: Active, patch: JobRunPatch): Promise<void> {
    try {
      active.run = await this.#options.runs.update(active.run.id, patch);
      this.#options.onChange(active.run);
    } catch (error) {
      this.#options.onError(active.name, error);
    }
  }

  #sleep(): void {
    if (this.#timer) clearTimeout(this.#timer);
    if (this.#state !== 'running') return;
    const due = Math.min(...[...this.#jobs.values()].map(dueAt));
    const wait = Math.min(Math.max(due - this.#options.now(), 0), MAX_SLEEP_MS);
    this.#timer = setTimeout(() => void this.#turn(), wait);
    this.#timer.unref();
  }

  async #turn(): Promise<void> {
    try {
      await this.tick();
    } catch (error) {
      this.#options.onError('scheduler', error);
    }
    this.#sleep();
  }

  /** Scheduled times follow the site's zone; an overdue job stays overdue. */
  async #followTimeZone(): Promise<void> {
    const timeZone = await this.#options.timeZone();
    if (timeZone === this.#timeZone) return;
    this.#timeZone = timeZone;
    for (const planned of this.#jobs.values()) this.#settle(planned, planned.settledAt);
  }

  /** Reschedules jobs that were scheduled by a clock that was ahead. */
  #followClock(now: number): void {
    for (const planned of this.#jobs.values()) {
      if (planned.settledAt > now + MAX_SETBACK_MS) this.#settle(planned, now);
      if (planned.retryAt !== null) planned.retryAt = Math.min(planned.retryAt, now + MAX_RETRY_MS);
    }
  }

  #settle(planned: Planned, at: number): void {
    const { schedule } = planned.definition;
    planned.settledAt = at;
    if (schedule === null) return;
    const cron = new Cron(schedule, { timezone: this.#timeZone, paused: true });
    planned.nextRunAt = cron.nextRun(new Date(at))?.getTime() ?? null;
  }
}

function dueAt({ nextRunAt, retryAt }: Planned): number {
  return Math.min(nextRunAt ?? Number.POSITIVE_INFINITY, retryAt ?? Number.POSITIVE_INFINITY);
}
