import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { Instant, parseInstant } from '@wattkeeper/contract/common.ts';
import type { Backup } from '@wattkeeper/contract/storage/backup.ts';
import { backupCopies, backupFolder, historyUpTo, restoredArchive, restoredEngine } from '../assembly/backups.ts';
import type { Config } from '../config/schema.ts';
import { Conflict } from '../domain/errors.ts';
import { BackupFolder } from '../storage/backup/backup-folder.ts';
import { openDataFolder } from '../storage/data-folder.ts';
import { describeHole, fileInstant, toMissing } from '../storage/journal-history/segments.ts';
import {
  applyReady,
  type FolderRestoreReport,
  makeReady,
  removeScratch,
  restoreIntoFolder,
  scratchFolder,
} from '../storage/restore/restore-folder.ts';
import { announcements, realPath } from './announcement.ts';
import { by, type CommandDefinition, INCOMPLETE, newCommand, type Result } from './command.ts';
import type { Invocation } from './invocation.ts';
import { ProgressBar } from './progress-bar.ts';

export const restore: CommandDefinition = (run) =>
  newCommand('restore')
    .description(
      `Restores a backup and verifies it: every day of every series is compared with the backup. The service must be stopped, unless --into is given. The present content of the data folder moves into a folder next to it.

backup.passphrase or backup.identities of the configuration decrypts the backup.

Ends with 0 when the restored data equals the backup and is complete up to --at, and with 3 and a list of gaps when readings acknowledged before --at could not be recovered.`,
    )
    .argument('<backup>', 'name of a backup, as `npm start -- backup list` shows it, or path of one')
    .option(
      '--at <time>',
      "as of this instant, such as 2026-11-21T14:30:00+01:00: with every reading acknowledged at or before it, from the journal's history or its copies and the journal",
      by(Instant),
    )
    .option('--into <folder>', 'restore into an empty folder and leave the data folder unchanged')
    .option('--without-archive', 'continue where files of the archive are missing or damaged')
    .addHelpText(
      'after',
      '\nExample:\n  npm start -- restore wattkeeper-2026-11-21T013000.000Z.backup --at 2026-11-21T14:30:00+01:00',
    )
    .action((given, { at, into, withoutArchive = false }, command) =>
      run(command, async (invocation) => {
        const { config } = invocation;
        const wanted: Wanted = { backup: await pathOf(given, config), at, withArchive: !withoutArchive };
        const restored: Restored = into
          ? { ...(await restoreInto(invocation, wanted, into, into)), folder: into, before: null }
          : await replace(invocation, wanted);
        for (const hole of restored.missing)
          console.error(`NOT RECOVERED: readings acknowledged ${describeHole(hole)}`);
        return resultOf(restored, at);
      }),
    );

interface Wanted {
  /** Path of the backup. */
  readonly backup: string;
  readonly at: string | undefined;
  readonly withArchive: boolean;
}

interface Restored extends FolderRestoreReport {
  readonly folder: string;
  /** Folder with the previous data. */
  readonly before: string | null;
}

function resultOf(restored: Restored, at: string | undefined): Result {
  const { values, rows, comparedDays, archive, batches, missing, folder, before } = restored;
  const lines = [
    `Restored ${values} values and ${rows} records into ${folder}; ${comparedDays} days of series compared, all equal.`,
  ];
  if (archive)
    lines.push(
      `All ${archive.objects} files of the archive are intact; ${archive.fromCopies} were restored from copies.`,
    );
  if (at) lines.push(`Took ${batches} batches from the journal's history, up to ${at}.`);
  if (before) lines.push(`The data from before is in ${before}.`);
  const gaps = missing.map(toMissing);
  const json = { values, rows, compared_days: comparedDays, archive, batches, missing: gaps, folder, before };
  return { lines, json, code: missing.length > 0 ? INCOMPLETE : 0 };
}

/** Restores to a folder next to the current data, then replaces the data with it. Holds the folder's lock throughout. */
async function replace(invocation: Invocation, wanted: Wanted): Promise<Restored> {
  refuseWhileRunning(invocation);
  const folder = openDataFolder(invocation.config.data_dir);
  try {
    await removeScratch(folder.path);
    const fresh = await scratchFolder(folder.path);
    const report = await restoreInto(invocation, wanted, fresh, folder.path);
    await makeReady(folder.path, fresh);
    return { ...report, folder: folder.path, before: await applyReady(folder.path, fileInstant(Date.now())) };
  } finally {
    folder.release();
  }
}

/** Also rejects while a service without persistence runs: switching persistence on requires an empty folder. */
function refuseWhileRunning({ config, environment }: Invocation): void {
  const folder = realPath(config.data_dir);
  const running = announcements(config, environment).find(({ data_dir }) => data_dir === folder);
  if (running === undefined) return;
  throw new Conflict(`the service at ${running.url} has the data folder ${folder}: stop it, or restore --into another`);
}

/** @param dataFolder the final location of the folder */
async function restoreInto(
  { config, signal }: Invocation,
  { backup, at, withArchive }: Wanted,
  folder: string,
  dataFolder: string,
): Promise<FolderRestoreReport> {
  const bar = new ProgressBar('Restoring');
  try {
    return await restoreIntoFolder({
      backup,
      keys: config.backup,
      folder,
      engine: restoredEngine(config),
      upTo: at === undefined ? undefined : historyUpTo(config, parseInstant(at)),
      archive: withArchive ? restoredArchive(config, backup, dataFolder) : undefined,
      signal,
      progress: (share) => bar.show(share),
    });
  } finally {
    bar.end();
  }
}

async function pathOf(given: string, config: Config): Promise<string> {
  const folder = new BackupFolder(backupFolder(config));
  if (existsSync(given) && given.includes('.')) return resolve(given);
  const backup = await fromCopy(given, config, folder);
  await folder.checkBytes(backup);
  return folder.file(backup.name);
}

/** Finds a backup by name. If it is not on this machine, its copy is downloaded. */
async function fromCopy(name: string, config: Config, folder: BackupFolder): Promise<Backup> {
  const copies = backupCopies(config);
  const here = (await folder.list()).some((backup) => backup.name === name);
  if (here || copies === null) return folder.require(name);
  if ((await copies.list()).some((copy) => copy.name === name)) return copies.fetch(name);
  return folder.require(name);
}
