import type { JobState } from '@wattkeeper/contract/job.ts';
import { Conflict, messageOf } from '../domain/errors.ts';
import type { JobRun, JobRunPatch } from '../domain/job-run.ts';

/** A user cancelled the run. */
export class CancelledError extends Conflict {
  constructor() {
    super('the job was cancelled');
  }
}

/** Represents a run until it is recorded. */
export const PLACEHOLDER: JobRun = {
  id: '',
  name: '',
  state: 'queued',
  progress: null,
  message: null,
  result: null,
  error: null,
  createdAt: 0,
  startedAt: null,
  finishedAt: null,
};

/** How a run that failed or was cancelled is recorded. */
export function outcomeOf(error: unknown, signal: AbortSignal): JobRunPatch & { readonly state: JobState } {
  if (signal.aborted && signal.reason instanceof CancelledError) return { state: 'cancelled' };
  return { state: 'failed', error: signal.aborted ? messageOf(signal.reason) : messageOf(error) };
}
