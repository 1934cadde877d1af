import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { isInstant, parseInstant } from '@wattkeeper/contract/common.ts';
import type { Backup } from '@wattkeeper/contract/storage/backup.ts';
import { backupCopies, backupFolder, historyUpTo, restoredArchive, restoredEngine } from '../assembly/backups.ts';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { Conflict, InvalidInput } from '../domain/errors.ts';
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
import { INCOMPLETE } from './command.ts';
import { ProgressBar } from './progress-bar.ts';

const HELP = `Brings a backup back and proves it: every day of every series is compared with what was backed up.
The service must be stopped, unless --into is given. What is in the data folder now moves into a folder beside it.

Usage: npm start -- restore BACKUP [--at TIME] [--into FOLDER] [--without-archive] [--config FILE] [--json]

  BACKUP         name of a backup, as \`npm start -- backup list\` shows it, or the path of one
  --at TIME      as of this instant, such as 2026-11-21T14:30:00+01:00: with every reading acknowledged at or before it, from the
                 journal's history or its copies and the journal; exit code 3 and a list of what is missing where parts are damaged
  --into FOLDER  restore into an empty folder and leave the data folder alone
  --without-archive
                 go on where files of the archive are missing or damaged
  --config FILE  configuration to read instead of wattkeeper.yaml; backup.passphrase or backup.identities opens the backup
  --json         print one JSON object with the result on the last line
  --help         this text`;

/**
 * `restore`. Answers 0 when what was restored is proved to be what was backed up, and complete up to the instant asked for; 3 when readings
 * that were acknowledged before it could not be recovered.
 */
export async function restoreCommand(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      at: { type: 'string' },
      into: { type: 'string' },
      'without-archive': { type: 'boolean', default: false },
      config: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const [given, ...more] = positionals;
  if (given === undefined || more.length > 0) throw new InvalidInput(`restore needs one backup\n\n${HELP}`);
  if (values.at !== undefined && !isInstant(values.at)) {
    throw new InvalidInput(`--at must be a time with an offset such as 2026-11-21T14:30:00Z; got "${values.at}"`);
  }
  const config = loadConfig({ file: values.config, environment });
  const backup = await pathOf(given, config);
  const what: Wanted = { config, backup, at: values.at, withArchive: !values['without-archive'] };
  const report = values.into
    ? { ...(await restore(what, values.into, values.into)), folder: values.into, before: null }
    : await replace(what, environment);
  const { values: count, rows, comparedDays, archive, batches, missing, folder, before } = report;
  if (values.json)
    console.log(
      JSON.stringify({
        values: count,
        rows,
        compared_days: comparedDays,
        archive,
        batches,
        missing: missing.map(toMissing),
        folder,
        before,
      }),
    );
  else {
    console.log(
      `Restored ${count} values and ${rows} records into ${folder}; ${comparedDays} days of series compared, all equal.`,
    );
    if (archive)
      console.log(
        `All ${archive.objects} files of the archive are whole; ${archive.fromCopies} were put back from copies.`,
      );
    if (values.at) console.log(`Took ${batches} batches from the journal's history, up to ${values.at}.`);
    if (before) console.log(`What was there before is in ${before}.`);
  }
  for (const hole of missing) console.error(`NOT RECOVERED: readings acknowledged ${describeHole(hole)}`);
  return missing.length > 0 ? INCOMPLETE : 0;
}

interface Wanted {
  readonly config: Config;
  /** Path of the backup. */
  readonly backup: string;
  readonly at: string | undefined;
  readonly withArchive: boolean;
}

/** Restores beside the data and then puts it in its place, all under the folder's lock. */
async function replace(what: Wanted, environment: Readonly<Record<string, string | undefined>>) {
  await refuseWhileRunning(what.config, environment);
  const folder = openDataFolder(what.config.data_dir);
  try {
    await removeScratch(folder.path);
    const fresh = await scratchFolder(folder.path);
    const report = await restore(what, fresh, folder.path);
    await makeReady(folder.path, fresh);
    return { ...report, folder: folder.path, before: await applyReady(folder.path, fileInstant(Date.now())) };
  } finally {
    folder.release();
  }
}

/** Also one without persistence: switching that on needs an empty folder. */
async function refuseWhileRunning(config: Config, environment: Readonly<Record<string, string | undefined>>) {
  const folder = realPath(config.data_dir);
  const running = announcements(config, environment).find(({ data_dir }) => data_dir === folder);
  if (running === undefined) return;
  throw new Conflict(`the service at ${running.url} has the data folder ${folder}: stop it, or restore --into another`);
}

/** @param dataFolder what the folder becomes in the end */
async function restore(
  { config, backup, at, withArchive }: Wanted,
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
      signal: new AbortController().signal,
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

/** A backup by its name, fetched from its copy where it is not here. */
async function fromCopy(name: string, config: Config, folder: BackupFolder): Promise<Backup> {
  const copies = backupCopies(config);
  const here = (await folder.list()).some((backup) => backup.name === name);
  if (here || copies === null) return folder.require(name);
  if ((await copies.list()).some((copy) => copy.name === name)) return copies.fetch(name);
  return folder.require(name);
}
