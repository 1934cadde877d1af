import { join } from 'node:path';
import type { Config } from '../config/schema.ts';
import type { BackupService } from '../features/backup/service.ts';
import type { ImportTarget } from '../features/importing/import-target.ts';
import { Places } from '../features/importing/places.ts';
import { importProgress, noteImportProgress } from '../features/importing/progress/routes.ts';
import { ImportingService } from '../features/importing/service.ts';
import { Uploads } from '../features/importing/uploads.ts';
import { belowImportFolders, type FindFile } from '../features/migration/import-folders.ts';
import { MigrationService } from '../features/migration/service.ts';
import type { Pipeline } from './pipeline.ts';

/**
 * Creates the migrations into a pipeline, for the service and the command line.
 * @param findFile finds a permitted file: requests may name files in the import folders, local commands any file
 */
export function createMigrations(
  { primary, archive, records, directory, journal, ingest, catalogue }: Pipeline,
  backups: BackupService | null,
  { migration, ingest: { device_tags: deviceTags, label_tags: labelTags } }: Config,
  now: () => number,
  findFile: FindFile,
): MigrationService {
  return new MigrationService({
    records,
    directory,
    journal,
    ingest,
    store: { read: (request) => (archive?.reads ?? primary).read(request), series: () => primary.store.series() },
    storeName: primary.name,
    describe: (metric) => catalogue.describe(metric),
    influx: migration.influxdb,
    tags: { deviceTags, labelTags },
    findFile,
    backups,
    now,
    random: Math.random,
  });
}

/** Creates the imports of uploaded files. */
export async function createImporting(
  { records, ingest, intake, catalogue }: Pipeline,
  config: Config,
  now: () => number,
): Promise<{ readonly importing: ImportingService; readonly places: Places }> {
  const folder = config.persistence ? join(config.data_dir, 'uploads') : null;
  const uploads = new Uploads({ folder, writes: () => ingest.persists, now });
  await uploads.clear();
  const places = new Places(records);
  const target: ImportTarget = {
    name: 'this service',
    unitOf: (metric) => catalogue.describe(metric).unit,
    progress: (key) => importProgress(records.namedStates, key),
    note: (key, progress) => noteImportProgress(records.namedStates, key, progress),
    place: (request) => places.place(request),
    take: (blocks) => intake.accept(blocks),
  };
  return { places, importing: new ImportingService({ uploads, target, places, catalogue, sites: records.sites }) };
}

/** Finds files that requests may name: those in the import folders. */
export function requestedFiles({ imports, data_dir: folder }: Config): FindFile {
  const [first = join(folder, 'imports'), ...others] = imports.folders ?? [];
  return belowImportFolders([first, ...others]);
}
