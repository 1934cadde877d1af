import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { SCOPES_OF_ROLE } from '@wattkeeper/contract/access/auth.ts';
import { MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import { MigrationReport, MigrationRequest, MigrationSourceName } from '@wattkeeper/contract/storage/migration.ts';
import { createBackups } from '../assembly/backups.ts';
import { openPipeline } from '../assembly/pipeline.ts';
import { createMigrations } from '../assembly/services.ts';
import { loadConfig } from '../config/load.ts';
import { openLog } from '../config/log.ts';
import type { Config } from '../config/schema.ts';
import { InvalidInput, messageOf } from '../domain/errors.ts';
import type { Rights } from '../domain/rights.ts';
import { anyFile } from '../features/migration/import-folders.ts';
import { INCOMPLETE } from './command.ts';
import { ProgressBar } from './progress-bar.ts';
import { runningService } from './running-service.ts';
import { type RunningService, runServiceJob } from './service-jobs.ts';

const HELP = `Brings older data in: backs up, copies what is not there yet, and reads back what it wrote (docs/migration.md). One that was cut
off goes on where it was; repeated, it changes nothing. Works while the service runs, through its API: files must then be below
one of its import folders (imports.folders; default: imports in data_dir). CSV is for import.

Usage: npm start -- migrate SOURCE FROM [OPTIONS]

  records FROM         folder (or file) of JSON records: energy_data_*.json[.gz], coordinator_state_*.json
  sessions FROM        folder (or file) of battery-selling sessions
  influxdb FROM        address and database, such as http://localhost:8086/home; access is migration.influxdb of the configuration
  home-assistant FROM  database of its recorder, home-assistant_v2.db

  --dry-run       read and compare everything, write nothing; shows the mapping
  --mapping FILE  how names become metrics, in place of the one that a dry run shows
  --device NAME   the device of everything (home-assistant: of what belongs to the place as a whole)
  --timezone ZONE records, sessions: zone of times without an offset; default: the site's
  --no-backup     do not back up first
  --url URL       of a running service; default: the one that runs on this machine, which lets its user in
  --token TOKEN   API token with the scopes read and admin for a service of somebody else; better in WATTKEEPER_TOKEN
  --config FILE   configuration to read instead of wattkeeper.yaml
  --json          print one JSON object with the result on the last line
  --help          this text

Ends with 0 when everything was migrated, 3 when some of it cannot be read, and 1 when records are missing or the migration failed. Nothing of FROM is
changed.`;

/** Whoever runs commands on the data folder is its administrator. */
const SELF: Rights = { name: 'command line', scopes: SCOPES_OF_ROLE.admin };
const DRAIN_MS = MINUTE_MS;
/** A store takes what comes in at this pace while nothing else runs. */
const STORE_PAUSE_MS = 20;
/** Places that the report for people names one by one. */
const MAX_PLACES_LISTED = 20;

/** `migrate`. Answers 0 when everything was migrated. */
export async function migrateCommand(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      'dry-run': { type: 'boolean', default: false },
      mapping: { type: 'string' },
      device: { type: 'string' },
      timezone: { type: 'string' },
      'no-backup': { type: 'boolean', default: false },
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
  const request = requestOf(positionals, {
    dry_run: values['dry-run'],
    backup: !values['no-backup'],
    device: values.device,
    timezone: values.timezone,
    mapping: values.mapping === undefined ? undefined : readText(values.mapping),
  });
  const config = loadConfig({ file: values.config, environment });
  const service = await runningService(config, environment, values);
  const bar = new ProgressBar('Migrating');
  const report = MigrationReport.parse(await run(config, request, service, bar).finally(() => bar.end()));
  console.log(values.json ? JSON.stringify(report) : describe(report));
  if (report.missing > 0) return 1;
  return report.unreadable + report.values.unreadable === 0 ? 0 : INCOMPLETE;
}

function requestOf([source, from, ...more]: readonly string[], options: object): MigrationRequest {
  const known = MigrationSourceName.safeParse(source);
  if (!known.success || from === undefined || more.length > 0) {
    throw new InvalidInput(`migrate needs a source (${MigrationSourceName.options.join(', ')}) and FROM\n\n${HELP}`);
  }
  const place = known.data === 'influxdb' ? from : resolve(from);
  const parsed = MigrationRequest.safeParse({ source: known.data, from: place, ...options });
  if (parsed.success) return parsed.data;
  throw new InvalidInput(parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '));
}

async function run(config: Config, request: MigrationRequest, service: RunningService | null, bar: ProgressBar) {
  const progress = (share: number | null, note?: string | null) => bar.show(share, note ?? '');
  if (service) return runServiceJob(service, '/storage/migrations', request, progress);
  const log = openLog(config, 'warn');
  const alone = { ...config, ingest: { ...config.ingest, store_pause_ms: STORE_PAUSE_MS } };
  const pipeline = await openPipeline({ config: alone, log, now: Date.now, withoutStores: false });
  try {
    const migrations = createMigrations(pipeline, createBackups(pipeline, config, Date.now), config, Date.now, anyFile);
    return await migrations.migrate(request, { signal: new AbortController().signal, by: SELF, progress });
  } finally {
    await pipeline.close(DRAIN_MS);
  }
}

function describe(report: MigrationReport): string {
  const { found, migrated, already_there: there, unreadable, missing, to_migrate: toMigrate, values } = report;
  const done = report.dry_run ? `${toMigrate} to migrate` : `${migrated} migrated`;
  const lines = [
    `${report.dry_run ? 'Dry run: nothing was written. ' : ''}${found} found in ${report.from}: ${done}, ${there} already there, ${unreadable} unreadable, ${missing} missing.`,
    ...(values.quarantined > 0 ? [`${values.quarantined} implausible values are in the quarantine.`] : []),
    ...(values.differing > 0 ? [`${values.differing} values differ from what was there, which stays.`] : []),
    ...(values.unreadable > 0 ? [`${values.unreadable} values could not be read; the rest of their records was.`] : []),
    ...listed('Unreadable, and left where they are:', report.unreadable_items, unreadable),
    ...listed('Missing:', report.missing_items, missing),
    ...report.series.slice(0, MAX_PLACES_LISTED).map(describeSeries),
    ...(report.series.length > MAX_PLACES_LISTED
      ? [`  … and ${report.series.length - MAX_PLACES_LISTED} more series`]
      : []),
    ...report.notes,
  ];
  const { validation, backup } = report;
  if (validation) {
    lines.push(
      `Read back: ${validation.days} days of ${validation.series} series, ${validation.samples} single values.`,
    );
  }
  if (backup !== null) lines.push(`What was there before is in the backup ${backup}.`);
  if (report.dry_run && report.mapping !== null) lines.push('', 'Mapping (--mapping takes another):', report.mapping);
  return lines.join('\n');
}

function describeSeries({ device, metric, values, first, last }: MigrationReport['series'][number]): string {
  return `  ${device} ${metric}: ${values} values, ${first} – ${last}`;
}

function listed(title: string, items: readonly { where: string; reason: string }[], count: number): string[] {
  if (count === 0) return [];
  const shown = items.slice(0, MAX_PLACES_LISTED);
  const more = count > shown.length ? [`  … and ${count - shown.length} more (--json names ${items.length})`] : [];
  return [title, ...shown.map(({ where, reason }) => `  ${where}: ${reason}`), ...more];
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new InvalidInput(`the mapping ${path} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}
