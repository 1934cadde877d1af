import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { createBackups } from '../../src/assembly/backups.ts';
import { loadConfig } from '../../src/config/load.ts';
import { BackupFolder } from '../../src/storage/backup/backup-folder.ts';
import { restoreIntoFolder } from '../../src/storage/restore/restore-folder.ts';
import { difference, readFolder, withFolder } from '../faults/contents.ts';
import { fillFolder, HISTORY, LIVE } from '../faults/readings.ts';
import { temporaryFolder } from '../journeys/service.ts';

const ENVIRONMENT = { WATTKEEPER_RETENTION__GROUPS__SOLAR: '7', WATTKEEPER_RETENTION__DELETE: 'always' };
const folder = temporaryFolder();
afterAll(folder.remove);
const work = { signal: new AbortController().signal, progress: () => {} };

it('a backup requested while readings are rolled up and deleted contains them in one form or the other', async () => {
  const path = join(folder.path, 'data');
  mkdirSync(path);
  await fillFolder(path, ENVIRONMENT, { ...HISTORY, days: 30, devices: ['roof'] });
  const before = await readFolder(path, ENVIRONMENT, [LIVE]);
  const ended: string[] = [];
  await withFolder(path, ENVIRONMENT, async (pipeline) => {
    const backups = createBackups(pipeline, loadConfig({ environment: { WATTKEEPER_DATA_DIR: path } }), Date.now);
    const rolledUp = pipeline.rollups.keepUp(pipeline.ingest, work).then(({ deleted }) => {
      expect(deleted).toBeGreaterThan(0);
      ended.push('rollups');
    });
    await Promise.all([rolledUp, backups?.make(work).then(() => ended.push('backup'))]);
  });
  expect(ended, 'one after the other').toEqual(['rollups', 'backup']);
  const backups = new BackupFolder(join(path, 'backups'));
  const [made] = await backups.list();
  const into = join(folder.path, 'restored');
  await restoreIntoFolder({
    backup: backups.file(made?.name as string),
    keys: {},
    folder: into,
    engine: 'duckdb',
    ...work,
  });
  expect(difference(before, await readFolder(into, ENVIRONMENT, [LIVE]))).toBeNull();
});
