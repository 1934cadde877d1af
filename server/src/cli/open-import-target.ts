import { openLog } from '../config/log.ts';
import type { Config } from '../config/schema.ts';
import { Conflict } from '../domain/errors.ts';
import { importProgress, noteImportProgress } from '../features/ingest/import-routes.ts';
import { openPipeline } from '../pipeline.ts';
import { openImportApi } from './import-api.ts';
import type { ImportTarget } from './import-target.ts';
import { ownUrl } from './own-url.ts';

export interface TargetOptions {
  readonly config: Config;
  /** Address of a service; without it the data folder is used, or the service that runs on it. */
  readonly url: string | undefined;
  readonly token: string | undefined;
}

/** Time for the stores to take what was imported. */
const DRAIN_MS = 10 * 60_000;

/** Opens the data folder when it is free, and else the service that uses it. */
export async function openImportTarget({ config, url, token }: TargetOptions): Promise<ImportTarget> {
  if (url !== undefined) return openImportApi(url.replace(/\/$/, ''), token);
  try {
    return await openFolder(config);
  } catch (error) {
    if (!(error instanceof Conflict)) throw error;
    return openImportApi(ownUrl(config, error), token ?? config.auth.admin_token);
  }
}

async function openFolder(config: Config): Promise<ImportTarget> {
  const log = openLog(config, 'warn');
  const { records, intake, catalogue, close } = await openPipeline({
    config,
    log,
    now: Date.now,
    withoutStores: false,
  });
  return {
    name: config.data_dir,
    unitOf: (metric) => catalogue.describe(metric).unit,
    progress: (key) => importProgress(records.importStates, key),
    note: (key, progress) => noteImportProgress(records.importStates, key, progress),
    take: (blocks) => intake.accept(blocks),
    close: () => close(DRAIN_MS),
  };
}
