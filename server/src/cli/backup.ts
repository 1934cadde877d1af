import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { formatInstant } from '@wattkeeper/contract/common.ts';
import { MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import { Backup } from '@wattkeeper/contract/storage/backup.ts';
import { backupCopies, backupFolder, createBackups, historyPlaces } from '../assembly/backups.ts';
import { openPipeline } from '../assembly/pipeline.ts';
import { loadConfig } from '../config/load.ts';
import { openLog } from '../config/log.ts';
import type { Config } from '../config/schema.ts';
import { InvalidInput } from '../domain/errors.ts';
import { BackupFolder } from '../storage/backup/backup-folder.ts';
import { ProgressBar } from './progress-bar.ts';
import { runningService } from './running-service.ts';
import { type RunningService, runServiceJob } from './service-jobs.ts';

const HELP = `Writes records, telemetry and configuration into one file. Works while the service runs, through its API.

Usage: npm start -- backup [ACTION] [OPTIONS]

  make           make one now (default)
  list           what there is, newest first
  verify [NAME]  restore a backup (default: the newest) into a scratch folder and compare every day of every series

  --url URL      of a running service; default: the one that runs on this machine, which lets its user in
  --token TOKEN  API token with the scopes read and admin for a service of somebody else; better in WATTKEEPER_TOKEN
  --config FILE  configuration to read instead of wattkeeper.yaml
  --json         print one JSON object with the result on the last line
  --help         this text`;

const DRAIN_MS = MINUTE_MS;

/** `backup make|list|verify`. Answers the exit code. */
export async function backupCommand(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      url: { type: 'string' },
      token: { type: 'string' },
      config: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const [action = 'make', name, ...more] = positionals;
  if (!['make', 'list', 'verify'].includes(action) || more.length > 0 || (name !== undefined && action !== 'verify')) {
    throw new InvalidInput(`backup does not know "${positionals.join(' ')}"\n\n${HELP}`);
  }
  const config = loadConfig({ file: values.config, environment });
  if (action === 'list') return list(config, values.json);
  const service = await runningService(config, environment, values);
  const backup = await work(config, service, action === 'make' ? null : { name });
  const said = describe(backup);
  console.log(values.json ? JSON.stringify(backup) : said);
  return backup.problem === null ? 0 : 1;
}

/** @param verify null to make a backup */
async function work(
  config: Config,
  service: RunningService | null,
  verify: { name: string | undefined } | null,
): Promise<Backup> {
  const bar = new ProgressBar(verify ? 'Verifying' : 'Backing up');
  try {
    if (service === null) return await alone(config, verify, bar);
    const name = verify && (verify.name ?? (await newest(config)));
    const path = name === null ? '/storage/backups' : `/storage/backups/${name}/verify`;
    return Backup.parse(await runServiceJob(service, path, {}, (share, note) => bar.show(share, note ?? '')));
  } finally {
    bar.end();
  }
}

async function alone(config: Config, verify: { name: string | undefined } | null, bar: ProgressBar): Promise<Backup> {
  const log = openLog(config, 'warn');
  const pipeline = await openPipeline({ config, log, now: Date.now, withoutStores: false });
  try {
    const backups = createBackups(pipeline, config, Date.now);
    if (backups === null) throw new InvalidInput('persistence is off: nothing is kept that could be backed up');
    const job = { signal: new AbortController().signal, progress: (share: number | null) => bar.show(share) };
    return await (verify ? backups.verify(verify.name, job) : backups.make(job));
  } finally {
    await pipeline.close(DRAIN_MS);
  }
}

async function newest(config: Config): Promise<string> {
  const [backup] = await folderOf(config).list();
  if (backup === undefined) throw new InvalidInput(`there are no backups in ${folderOf(config).path} yet`);
  return backup.name;
}

async function list(config: Config, asJson: boolean): Promise<number> {
  const here = await folderOf(config).list();
  const names = new Set(here.map(({ name }) => name));
  const copies = backupCopies(config);
  const elsewhere = ((await copies?.list()) ?? []).filter(({ name }) => !names.has(name));
  const backups = [...here, ...elsewhere].sort((a, b) => (a.started_at < b.started_at ? 1 : -1));
  const until = await copiedJournalUntil(config);
  if (asJson) console.log(JSON.stringify({ items: backups, journal_copied_until: until }));
  else if (backups.length === 0) console.log(`There are no backups in ${folderOf(config).path} yet.`);
  else
    for (const backup of backups)
      console.log(`${describe(backup)}${names.has(backup.name) ? '' : `, in ${copies?.place}`}`);
  if (!asJson && until !== null) console.log(`The copies of the journal go on until ${until}.`);
  return 0;
}

/** How far a restore to an instant can go without this machine; null where the journal is not copied. */
async function copiedJournalUntil(config: Config): Promise<string | null> {
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

function folderOf(config: Config): BackupFolder {
  return new BackupFolder(backupFolder(config));
}

function describe({ name, bytes, values, series, encrypted, verified_at, problem }: Backup): string {
  const state = problem ?? (verified_at === null ? 'not verified yet' : `verified ${verified_at}`);
  const size = `${(bytes / 1e6).toFixed(1)} MB${encrypted ? ', encrypted' : ''}`;
  return `${name}  ${size}  ${values} values of ${series} series  ${state}`;
}
