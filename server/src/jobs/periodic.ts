import { Cron } from 'croner';

export interface PeriodicJob {
  readonly name: string;
  /** Cron expression: minute hour day month weekday. */
  readonly schedule: string;
  readonly timeZone: string;
  run(signal: AbortSignal): Promise<void>;
}

/** Runs jobs by the clock; a job never overlaps itself, and a failure is told and waits for the next turn. */
export class PeriodicJobs {
  readonly #onError: (job: string, error: unknown) => void;
  readonly #stopping = new AbortController();
  readonly #running = new Set<Promise<void>>();
  #crons: Cron[] = [];

  constructor(onError: (job: string, error: unknown) => void) {
    this.#onError = onError;
  }

  start(jobs: readonly PeriodicJob[]): void {
    this.#crons = jobs.map(
      (job) =>
        new Cron(job.schedule, { timezone: job.timeZone, protect: true, name: job.name, unref: true }, () =>
          this.#run(job),
        ),
    );
  }

  /** Stops the clock, tells running jobs to end and waits for them. */
  async close(): Promise<void> {
    for (const cron of this.#crons) cron.stop();
    this.#stopping.abort();
    await Promise.all(this.#running);
  }

  async #run(job: PeriodicJob): Promise<void> {
    const running = job.run(this.#stopping.signal).catch((error: unknown) => this.#onError(job.name, error));
    this.#running.add(running);
    await running;
    this.#running.delete(running);
  }
}
