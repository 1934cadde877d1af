import { MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import type { Job } from '@wattkeeper/contract/job.ts';
import type { Pipeline } from '../assembly/pipeline.ts';
import { openLog } from '../config/log.ts';
import { recordsLocation } from '../config/records-location.ts';
import type { Config } from '../config/schema.ts';
import type { OnProgress } from '../domain/progress.ts';
import { openDataFolder } from '../storage/data-folder.ts';
import type { RecordStore } from '../storage/records/record-store.ts';
import type { Invocation } from './invocation.ts';
import { ProgressBar } from './progress-bar.ts';
import type { ServiceApi } from './service-api.ts';

/** Time limit for writing a command's readings to the stores. */
const DRAIN_MS = MINUTE_MS;

/** The context of a long operation. */
export interface WorkContext {
  readonly signal: AbortSignal;
  readonly progress: OnProgress;
}

export interface LongWork {
  /** Title of the progress bar. */
  readonly title: string;
  /** Starts the operation as a job of a running service. */
  readonly start: (service: ServiceApi) => Promise<Job>;
  /** The same operation on the data folder, if no service runs. */
  readonly alone: (pipeline: Pipeline, context: WorkContext) => Promise<unknown>;
  /** Configuration for the operation on the data folder; default: that of the service. */
  readonly config?: Config;
}

/** Runs a long operation as a job of the running service, or in this process on the data folder. Returns its result. */
export async function longWork(invocation: Invocation, work: LongWork): Promise<unknown> {
  const { title, start, alone, config } = work;
  const service = await invocation.service();
  const bar = new ProgressBar(title);
  const progress: OnProgress = (share, message) => bar.show(share, message);
  try {
    if (service) return await service.resultOf(await start(service), progress);
    const context = { signal: invocation.signal, progress };
    return await onFolder(invocation, (pipeline) => alone(pipeline, context), { config });
  } finally {
    bar.end();
  }
}

/** Opens a pipeline on the data folder and runs work with it. @throws Conflict if another process uses the folder */
export async function onFolder<T>(
  invocation: Invocation,
  work: (pipeline: Pipeline) => Promise<T>,
  { drainMs = DRAIN_MS, config = invocation.config }: { drainMs?: number; config?: Config | undefined } = {},
): Promise<T> {
  const { openPipeline } = await import('../assembly/pipeline.ts');
  const pipeline = await openPipeline({ config, log: openLog(config, 'warn'), now: Date.now, withoutStores: false });
  try {
    return await work(pipeline);
  } finally {
    // The remaining batches are in the journal, from which the next start continues.
    await pipeline.close(invocation.interrupted ? 0 : drainMs);
  }
}

/** Uses the records of a stopped service, under the lock of its data folder. @throws Conflict if another process uses the folder */
export async function onRecords<T>(config: Config, work: (records: RecordStore) => Promise<T>): Promise<T> {
  const { openRecords } = await import('../storage/records/record-store.ts');
  const folder = openDataFolder(config.data_dir);
  try {
    const records = await openRecords(recordsLocation(config));
    try {
      return await work(records);
    } finally {
      await records.close();
    }
  } finally {
    folder.release();
  }
}
