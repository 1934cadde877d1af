import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { SCOPES_OF_ROLE } from '@wattkeeper/contract/access/auth.ts';
import { MigrationReport, MigrationRequest, MigrationSourceName } from '@wattkeeper/contract/storage/migration.ts';
import { InvalidInput, messageOf } from '../domain/errors.ts';
import type { Rights } from '../domain/rights.ts';
import { by, type CommandDefinition, INCOMPLETE, serviceCommand } from './command.ts';
import type { Invocation } from './invocation.ts';
import { longWork } from './work.ts';

/** A user who can run commands on the data folder has the rights of an administrator. */
const SELF: Rights = { name: 'command line', scopes: SCOPES_OF_ROLE.admin };
/** Pause between writes to a store. It is short because nothing else runs. */
const STORE_PAUSE_MS = 20;
/** Maximum number of entries per list in the text report. */
const MAX_PLACES_LISTED = 20;
const EXAMPLES = `
SOURCE and FROM:
  records FROM         folder (or file) of JSON records: energy_data_*.json[.gz], coordinator_state_*.json
  sessions FROM        folder (or file) of battery-selling sessions
  influxdb FROM        address and database, such as http://localhost:8086/home; access: migration.influxdb in the configuration
  home-assistant FROM  database of its recorder, home-assistant_v2.db

Ends with 0 when everything was migrated, 3 when some of it cannot be read, and 1 when records are missing or the migration failed.

Examples:
  npm start -- migrate records /media/old/energy --dry-run
  npm start -- migrate home-assistant /config/home-assistant_v2.db --timezone Europe/Berlin`;

export const migrate: CommandDefinition = (run) =>
  serviceCommand('migrate', 'the scopes read and admin')
    .description(
      `Imports older data: makes a backup, copies what is missing here, and reads back what it wrote (docs/migration.md). An interrupted run continues where it stopped; repeated, it changes nothing. Nothing in FROM is changed.

Works through the API while the service runs: files must then be below one of its import folders (imports.folders; default: imports in data_dir). For CSV files, use import.`,
    )
    .argument('<source>', MigrationSourceName.options.join(', '), by(MigrationSourceName))
    .argument('<from>', 'where the old data is: see below')
    .option('--dry-run', 'read and compare everything, write nothing; shows the mapping')
    .option('--mapping <file>', 'how names become metrics, instead of the mapping that a dry run shows')
    .option('--device <name>', 'the device of all data (home-assistant: of the data of the whole site)')
    .option('--timezone <zone>', "records, sessions: zone of times without an offset; default: the site's")
    .option('--no-backup', 'make no backup first')
    .addHelpText('after', EXAMPLES)
    .action((source, from, { dryRun = false, mapping, ...options }, command) =>
      run(command, async (invocation) => {
        const request = requestOf({
          source,
          from: source === 'influxdb' ? from : resolve(from),
          dry_run: dryRun,
          backup: options.backup,
          device: options.device,
          timezone: options.timezone,
          mapping: mapping === undefined ? undefined : readText(mapping),
        });
        const report = MigrationReport.parse(await migrated(invocation, request));
        const code = report.unreadable + report.values.unreadable === 0 ? 0 : INCOMPLETE;
        return { lines: describe(report), json: report, code: report.missing > 0 ? 1 : code };
      }),
    );

function requestOf(given: object): MigrationRequest {
  const parsed = MigrationRequest.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new InvalidInput(parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '));
}

function migrated(invocation: Invocation, request: MigrationRequest): Promise<unknown> {
  const { config } = invocation;
  return longWork(invocation, {
    title: 'Migrating',
    start: async (service) => {
      const { migrate: startMigration } = await import('@wattkeeper/contract/endpoints/storage.ts');
      return service.call(startMigration, { body: request });
    },
    config: { ...config, ingest: { ...config.ingest, store_pause_ms: STORE_PAUSE_MS } },
    alone: async (pipeline, context) => {
      const { createBackups } = await import('../assembly/backups.ts');
      const { createMigrations } = await import('../assembly/imports.ts');
      const { anyFile } = await import('../features/migration/import-folders.ts');
      const backups = createBackups(pipeline, config, Date.now);
      return createMigrations(pipeline, backups, config, Date.now, anyFile).migrate(request, { ...context, by: SELF });
    },
  });
}

function describe(report: MigrationReport): string[] {
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
  if (backup !== null) lines.push(`The data before the migration is in the backup ${backup}.`);
  if (report.dry_run && report.mapping !== null) lines.push('', 'Mapping (--mapping takes another):', report.mapping);
  return lines;
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
