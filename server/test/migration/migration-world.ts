import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SCOPES_OF_ROLE } from '@wattkeeper/contract/access/auth.ts';
import { MigrationReport, MigrationRequest } from '@wattkeeper/contract/storage/migration.ts';
import pino from 'pino';
import { onTestFinished } from 'vitest';
import { createBackups } from '../../src/assembly/backups.ts';
import { createMigrations } from '../../src/assembly/imports.ts';
import { openPipeline, type Pipeline } from '../../src/assembly/pipeline.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Rights } from '../../src/domain/rights.ts';
import { anyFile } from '../../src/features/migration/import-folders.ts';

/** A pipeline on its own data folder, next to the files to migrate. */
export interface MigrationWorld {
  /** Folder for the files to migrate. */
  readonly folder: string;
  readonly pipeline: Pipeline;
  /** @param by the caller; default: an administrator */
  migrate(
    request: Partial<MigrationRequest> & Pick<MigrationRequest, 'source' | 'from'>,
    by?: Rights,
  ): Promise<MigrationReport>;
  /** The stored samples of a device's metric: `instant value`. */
  stored(device: string, metric: string): Promise<string[]>;
}

const ADMINISTRATOR: Rights = { name: 'owner', scopes: SCOPES_OF_ROLE.admin };

/**
 * Any file may be migrated, as on the command line.
 * @param timezone of the site
 */
export async function openMigrationWorld(timezone = 'Europe/Warsaw', settings: object = {}): Promise<MigrationWorld> {
  const folder = await mkdtemp(join(tmpdir(), 'migration-'));
  const environment = {
    WATTKEEPER_DATA_DIR: join(folder, 'data'),
    WATTKEEPER_INGEST__STORE_PAUSE_MS: '5',
    ...settings,
  };
  const config = loadConfig({ environment });
  const log = pino({ level: 'error', base: null });
  const pipeline = await openPipeline({ config, log, now: Date.now, withoutStores: false });
  onTestFinished(async () => {
    await pipeline.close(10_000);
    await rm(folder, { recursive: true });
  });
  await pipeline.records.sites.create({ name: 'House', timezone });
  const migrations = createMigrations(pipeline, createBackups(pipeline, config, Date.now), config, Date.now, anyFile);
  const signal = new AbortController().signal;
  return {
    folder,
    pipeline,
    migrate: async (request, by = ADMINISTRATOR) =>
      MigrationReport.parse(
        await migrations.migrate(MigrationRequest.parse(request), { signal, by, progress: () => {} }),
      ),
    stored: async (device, metric) => {
      const [group, quantity] = metric.split('.') as [string, string];
      const window = { start: 0, end: 4e12 };
      const rows: string[] = [];
      const request = { deviceIds: [pipeline.directory.require(device).id], group, quantities: [quantity], window };
      for await (const { timestamps, columns } of pipeline.primary.store.read(request)) {
        for (const [row, at] of timestamps.entries()) {
          const value = columns[0]![row]!;
          if (value === value) rows.push(`${new Date(at).toISOString()} ${value}`);
        }
      }
      return rows;
    },
  };
}
