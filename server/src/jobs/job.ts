import type { Scope } from '@wattkeeper/contract/access/auth.ts';
import type { z } from 'zod';
import type { OnProgress } from '../domain/progress.ts';
import type { Rights } from '../domain/rights.ts';

/** The context of a running job. */
export interface JobContext<P = unknown> {
  readonly params: P;
  /** The user or token that requested the run; null: the schedule. */
  readonly by: Rights | null;
  /** Aborts when the run is cancelled or the service stops; the job then throws the reason soon. */
  readonly signal: AbortSignal;
  readonly progress: OnProgress;
}

/** Work that runs on a schedule, on request, or both. */
export interface JobDefinition<P = unknown, A = unknown> {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** Cron expression (minute hour day month weekday) in the site's time; null: only on request. */
  readonly schedule: string | null;
  /** Also runs soon after every start of the service, if it is enabled. */
  readonly atStart?: boolean;
  /** Schema of the parameters; a scheduled run parses an empty object. Without a schema, a run has no parameters. */
  readonly params?: z.ZodType<P>;
  /** The scope required to start or cancel a run: that of the feature's endpoints. */
  readonly scope: Exclude<Scope, 'read'>;
  /** Checks a requested run before it is queued, and throws errors such as an unknown name. */
  check?(params: P): Promise<void> | void;
  /** Runs with the same key do not overlap; the default is one run of the job at a time. */
  key?(params: P): string;
  /** Whether the schedule is active: the jobs of a disabled feature run only on request. */
  enabled?(): boolean;
  run(context: JobContext<P>): Promise<A>;
  /** The part of the answer that is stored as the result of the run: JSON. Default: the whole answer. */
  toResult?(answer: A): unknown;
}
