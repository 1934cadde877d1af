import type { Scope } from '@wattkeeper/contract/access/auth.ts';
import type { z } from 'zod';
import type { OnProgress } from '../domain/progress.ts';
import type { Rights } from '../domain/rights.ts';

/** What a running job is given. */
export interface JobContext<P = unknown> {
  readonly params: P;
  /** Who asked for the run; null: the clock. */
  readonly by: Rights | null;
  /** Aborts when someone cancels the run or the service stops; the job ends soon after, by throwing the reason. */
  readonly signal: AbortSignal;
  readonly progress: OnProgress;
}

/** A piece of work that runs by the clock, when asked, or both. */
export interface JobDefinition<P = unknown, A = unknown> {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** Cron expression (minute hour day month weekday) in the site's time; null: only when asked. */
  readonly schedule: string | null;
  /** Runs soon after every start as well, where it is enabled then. */
  readonly atStart?: boolean;
  /** What a run takes; runs by the clock get what an empty object becomes. Without it a run takes nothing. */
  readonly params?: z.ZodType<P>;
  /** What starting and cancelling a run requires: the scope of the feature's own endpoints. */
  readonly scope: Exclude<Scope, 'read'>;
  /** Throws what the caller is to know at once, such as a name that does not exist: before a run that is asked for is queued. */
  check?(params: P): Promise<void> | void;
  /** Runs with the same key do not overlap; the default is one run of the job at a time. */
  key?(params: P): string;
  /** Whether the clock starts it at present: a switched-off feature does nothing by itself. */
  enabled?(): boolean;
  run(context: JobContext<P>): Promise<A>;
  /** What is kept of the answer as the run's result: JSON. Without it, the whole answer. */
  toResult?(answer: A): unknown;
}
