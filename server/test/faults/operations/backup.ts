import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { BackupFolder } from '../../../src/storage/backup/backup-folder.ts';
import { restoreIntoFolder } from '../../../src/storage/restore/restore-folder.ts';
import { temporaryFolder } from '../../journeys/service.ts';
import { difference, readFolder } from '../contents.ts';
import type { Operation, Scene } from '../operation.ts';
import { onService, runJob } from '../processes.ts';
import { fillFolder, LIVE } from '../readings.ts';

const VERIFIED = 'verified';

/** Makes backups during ingest: every listed one restores the history and, up to now, every acknowledged reading. */
export const backup: Operation = {
  name: 'backup',
  environment: {},
  prepare: (folder) => fillFolder(folder, backup.environment),
  start: (begin) =>
    onService(begin, { late: false }, async (service) => {
      await runJob(service, '/storage/backups');
    }),
  check: async (scene, done) => {
    const path = join(scene.folder, 'backups');
    const folder = new BackupFolder(path);
    const listed = await folder.list();
    const names = done || listed.length > 0 ? readdirSync(path).filter((name) => name.endsWith('.backup')) : [];
    if (done && listed.length === 0) throw new Error('no backup is listed');
    if (names.length !== listed.length)
      throw new Error(`${names.length} backups are there, ${listed.length} are listed`);
    const verified = (scene.notes.get(VERIFIED) ?? new Set()) as Set<string>;
    scene.notes.set(VERIFIED, verified);
    for (const entry of listed.filter(({ name }) => !verified.has(name))) {
      await folder.checkBytes(entry);
      await bringBack(scene, folder.file(entry.name));
      verified.add(entry.name);
    }
  },
};

async function bringBack({ folder, environment, before, ledger }: Scene, path: string): Promise<void> {
  const into = temporaryFolder();
  try {
    await restoreIntoFolder({
      backup: path,
      keys: {},
      folder: into.path,
      engine: 'duckdb',
      upTo: {
        instant: Date.now(),
        history: { folder: join(folder, 'journal-archive'), copies: null },
        database: join(folder, 'wattkeeper.db'),
      },
      signal: new AbortController().signal,
      progress: () => {},
    });
    const found = await readFolder(into.path, environment, [LIVE]);
    const wrong = difference(before, found) ?? ledger.difference(found);
    if (wrong !== null) throw new Error(`restored from ${path}: ${wrong}`);
  } finally {
    into.remove();
  }
}
