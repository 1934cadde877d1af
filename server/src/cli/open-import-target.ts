import { openLog } from '../config/log.ts';
import type { Config } from '../config/schema.ts';
import { Conflict } from '../domain/errors.ts';
import type { ImportTarget } from '../features/importing/import-target.ts';
import { Places } from '../features/importing/places.ts';
import { importProgress, noteImportProgress } from '../features/importing/progress-routes.ts';
import { openPipeline } from '../pipeline.ts';
import { openImportApi } from './import-api.ts';
import { ownUrl } from './own-url.ts';

/** A target that is closed in the end. */
export interface OpenTarget extends ImportTarget {
  close(): Promise<void>;
}

export interface TargetOptions {
  readonly config: Config;
  /** Address of a service; without it the data folder is used, or the service that runs on it. */
  readonly url: string | undefined;
  readonly token: string | undefined;
}

/** Time for the stores to take what was imported. */
const DRAIN_MS = 10 * 60_000;

/** Opens the data folder when it is free, and else the service that uses it. */
export async function openImportTarget({ config, url, token }: TargetOptions): Promise<OpenTarget> {
  if (url !== undefined) return openService(url.replace(/\/$/, ''), token);
  try {
    return await openFolder(config);
  } catch (error) {
    if (!(error instanceof Conflict)) throw error;
    return openService(ownUrl(config, error), token ?? config.auth.admin_token);
  }
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
    progress: (key) => importProgress(records.importStates, key),
    note: (key, progress) => noteImportProgress(records.importStates, key, progress),
    place: (request) => places.place(request),
    take: (blocks) => intake.accept(blocks),
    close: () => close(DRAIN_MS),
  };
}
