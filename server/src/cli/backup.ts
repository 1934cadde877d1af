import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatInstant } from '@wattkeeper/contract/common.ts';
import { Backup } from '@wattkeeper/contract/storage/backup.ts';
import type { Pipeline } from '../assembly/pipeline.ts';
import type { Config } from '../config/schema.ts';
import { InvalidInput } from '../domain/errors.ts';
import type { BackupService } from '../features/backup/service.ts';
import { BackupFolder } from '../storage/backup/backup-folder.ts';
import { type CommandDefinition, type Result, serviceCommand } from './command.ts';
import type { Invocation } from './invocation.ts';
import { longWork } from './work.ts';

export const backup: CommandDefinition = (run) => {
  const backups = serviceCommand('backup', 'the scopes read and admin').description(
    'Writes records, telemetry and configuration into one file. Works through the API while the service runs.',
  );

  backups
    .command('make', { isDefault: true })
    .description('Make a backup now (default).')
    .action((_, command) => run(command, (invocation) => make(invocation)));

  backups
    .command('list')
    .description('List the backups, newest first.')
    .action((_, command) => run(command, ({ config }) => list(config)));

  backups
    .command('verify')
    .description('Restore a backup into a scratch folder and compare every day of every series.')
    .argument('[name]', 'name of the backup; default: the newest')
    .action((name, _, command) => run(command, (invocation) => verify(invocation, name)));

  return backups;
};

async function make(invocation: Invocation): Promise<Result> {
  const result = await longWork(invocation, {
    title: 'Backing up',
    start: async (service) => {
      const { makeBackup } = await import('@wattkeeper/contract/endpoints/storage.ts');
      return service.call(makeBackup);
    },
    alone: async (pipeline, context) => (await backupsOf(pipeline, invocation.config)).make(context),
  });
  return resultOf(Backup.parse(result));
}

async function verify(invocation: Invocation, given: string | undefined): Promise<Result> {
  const { config } = invocation;
  const name = given ?? (await newest(config));
  const result = await longWork(invocation, {
    title: 'Verifying',
    start: async (service) => {
      const { verifyBackup } = await import('@wattkeeper/contract/endpoints/storage.ts');
      return service.call(verifyBackup, { params: { name } });
    },
    alone: async (pipeline, context) => (await backupsOf(pipeline, config)).verify(name, context),
  });
  return resultOf(Backup.parse(result));
}

async function backupsOf(pipeline: Pipeline, config: Config): Promise<BackupService> {
  const { createBackups } = await import('../assembly/backups.ts');
  const backups = createBackups(pipeline, config, Date.now);
  if (backups === null) throw new InvalidInput('persistence is off: nothing is kept that could be backed up');
  return backups;
}

function resultOf(made: Backup): Result {
  return { lines: [describe(made)], json: made, code: made.problem === null ? 0 : 1 };
}

async function newest(config: Config): Promise<string> {
  const folder = await folderOf(config);
  const [last] = await folder.list();
  if (last === undefined) throw new InvalidInput(`there are no backups in ${folder.path} yet`);
  return last.name;
}

async function list(config: Config): Promise<Result> {
  const { backupCopies } = await import('../assembly/backups.ts');
  const folder = await folderOf(config);
  const here = await folder.list();
  const names = new Set(here.map(({ name }) => name));
  const copies = backupCopies(config);
  const elsewhere = ((await copies?.list()) ?? []).filter(({ name }) => !names.has(name));
  const backups = [...here, ...elsewhere].sort((a, b) => (a.started_at < b.started_at ? 1 : -1));
  const until = await copiedJournalUntil(config);
  const lines = backups.map((one) => `${describe(one)}${names.has(one.name) ? '' : `, in ${copies?.place}`}`);
  return {
    lines: [
      ...(lines.length > 0 ? lines : [`There are no backups in ${folder.path} yet.`]),
      ...(until === null ? [] : [`The journal is copied until ${until}.`]),
    ],
    json: { items: backups, journal_copied_until: until },
  };
}

/** The last instant to which the copies alone, without this machine, allow a restore; null if the journal is not copied. */
async function copiedJournalUntil(config: Config): Promise<string | null> {
  const { historyPlaces } = await import('../assembly/backups.ts');
  const { copies } = historyPlaces(config);
  if (copies === null) return null;
  const scratch = await mkdtemp(join(tmpdir(), 'wattkeeper-'));
  try {
    const last = (await copies.spans(scratch)).at(-1);
    return last ? formatInstant(last.until) : null;
  } finally {
    await rm(scratch, { recursive: true });
  }
}

async function folderOf(config: Config): Promise<BackupFolder> {
  const { backupFolder } = await import('../assembly/backups.ts');
  return new BackupFolder(backupFolder(config));
}

function describe({ name, bytes, values, series, encrypted, verified_at, problem }: Backup): string {
  const state = problem ?? (verified_at === null ? 'not verified yet' : `verified ${verified_at}`);
  const size = `${(bytes / 1e6).toFixed(1)} MB${encrypted ? ', encrypted' : ''}`;
  return `${name}  ${size}  ${values} values of ${series} series  ${state}`;
}
