import { MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import { openPipeline } from '../assembly/pipeline.ts';
import { openLog } from '../config/log.ts';
import type { Config } from '../config/schema.ts';
import type { ImportTarget } from '../features/importing/import-target.ts';
import { Places } from '../features/importing/places.ts';
import { importProgress, noteImportProgress } from '../features/importing/progress/routes.ts';
import { openImportApi } from './import-api.ts';
import { type Given, runningService } from './running-service.ts';

/** A target that is closed in the end. */
export interface OpenTarget extends ImportTarget {
  close(): Promise<void>;
}

export interface TargetOptions {
  readonly config: Config;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly given: Given;
}

/** Time for the stores to take what was imported. */
const DRAIN_MS = 10 * MINUTE_MS;

/** Opens the service that runs, and the data folder while none does. */
export async function openImportTarget({ config, environment, given }: TargetOptions): Promise<OpenTarget> {
  const service = await runningService(config, environment, given);
  return service ? openService(service.url, service.token) : openFolder(config);
}

async function openService(url: string, token: string | undefined): Promise<OpenTarget> {
  return { ...(await openImportApi(url, token)), close: async () => {} };
}

async function openFolder(config: Config): Promise<OpenTarget> {
  const log = openLog(config, 'warn');
  const { records, intake, catalogue, close } = await openPipeline({
    config,
    log,
    now: Date.now,
    withoutStores: false,
  });
  const places = new Places(records);
  return {
    name: config.data_dir,
    unitOf: (metric) => catalogue.describe(metric).unit,
    progress: (key) => importProgress(records.namedStates, key),
    note: (key, progress) => noteImportProgress(records.namedStates, key, progress),
    place: (request) => places.place(request),
    take: (blocks) => intake.accept(blocks),
    close: () => close(DRAIN_MS),
  };
}
