import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { HOUR_MS, MINUTE_MS, SECOND_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { loadConfig } from '../config/load.ts';
import { InvalidInput, messageOf } from '../domain/errors.ts';
import { type RunOutcome, runImport } from '../features/importing/run-import.ts';
import { type ImportReport, reportToJson } from '../sources/import/import-report.ts';
import { diskFile } from '../sources/import/input-file.ts';
import { parseMapping } from '../sources/import/mapping.ts';
import type { SeriesReport } from '../sources/import/series-tally.ts';
import { INCOMPLETE } from './command.ts';
import { detectCommand } from './import-detect.ts';
import { openImportTarget } from './open-import-target.ts';

const HELP = `Brings a file in: CSV or JSON, plain or gzip. When the service runs, it goes through its API.

Usage: npm start -- import --detect FILE [--timezone ZONE] [--site NAME] [--currency CODE] [--mapping NEW_FILE]
       npm start -- import FILE --mapping FILE [--dry-run] [--force] [--url URL] [--token TOKEN] [--config FILE] [--json]

  --mapping FILE  how the columns become metrics (docs/import.md; examples in docs/examples/mappings)
  --detect        write a mapping for the file, to NEW_FILE or to the output, and import nothing
  --timezone ZONE zone of the file's times without an offset (with --detect; default UTC)
  --site NAME     site of the data (with --detect; default: named after the file)
  --currency CODE currency of the site (with --detect; default: that of the zone's country)
  --dry-run       read everything, write nothing
  --force         import again what was imported before; nothing doubles
  --url URL       of a running service; default: the one that runs on this machine, which lets its user in, else the data folder
  --token TOKEN   API token with the scope write for a service of somebody else; better in WATTKEEPER_TOKEN, where others do not see it
  --config FILE   configuration to read instead of wattkeeper.yaml
  --json          print one JSON object with the result on the last line
  --help          this text

Ends with 0 when everything was taken, 3 when some values were rejected, and 1 when the import failed.`;

/** Series that the report for people names one by one. */
const MAX_SERIES_SHOWN = 30;
const PROGRESS_EVERY_MS = 10 * SECOND_MS;

interface Values {
  readonly mapping?: string | undefined;
  readonly detect: boolean;
  readonly timezone: string;
  readonly site?: string | undefined;
  readonly currency?: string | undefined;
  readonly 'dry-run': boolean;
  readonly force: boolean;
  readonly url?: string | undefined;
  readonly token?: string | undefined;
  readonly config?: string | undefined;
  readonly json: boolean;
}

/** `import`: a file in, resumable. Answers 0 when everything was taken. */
export async function importCommand(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      mapping: { type: 'string' },
      detect: { type: 'boolean', default: false },
      timezone: { type: 'string', default: 'UTC' },
      site: { type: 'string' },
      currency: { type: 'string' },
      'dry-run': { type: 'boolean', default: false },
      force: { type: 'boolean', default: false },
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
  if (values.detect) return detectCommand(positionals, values);
  return importOne(positionals, values, environment);
}

async function importOne(
  [path, ...more]: readonly string[],
  values: Values,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  if (path === undefined || more.length > 0 || values.mapping === undefined)
    throw new InvalidInput(`import needs one file and --mapping FILE\n\n${HELP}`);
  const mapping = readText(values.mapping);
  parseMapping(mapping, values.mapping);
  const file = await diskFile(path);
  const config = loadConfig({ file: values.config, environment });
  const target = await openImportTarget({ config, environment, given: values });
  try {
    const { force, 'dry-run': dryRun, mapping: mappingName } = values;
    const outcome = await runImport(target, { file, mapping, mappingName, dryRun, force, onProgress: shown() });
    const { importedBefore, report } = outcome;
    if (report === null) {
      const said = `${path} was imported before (${importedBefore} rows); --force imports it again.`;
      console.log(values.json ? JSON.stringify({ already_imported: true, rows: importedBefore }) : said);
      return 0;
    }
    console.log(
      values.json
        ? JSON.stringify(toJson(outcome, report, dryRun))
        : describe(path, target.name, outcome, report, dryRun),
    );
    return report.rejected === 0 && report.absent_columns.length === 0 ? 0 : INCOMPLETE;
  } finally {
    await target.close();
  }
}

/** Shows how far an import has come; on a terminal in place, elsewhere a line every ten seconds. */
function shown(): (progress: { readonly rows: number; readonly share: number }) => void {
  let shownAt = Date.now();
  return ({ rows, share }) => {
    const text = `${Math.round(share * 100)} %, ${rows} rows`;
    if (process.stderr.isTTY) process.stderr.write(`\r${text}${share >= 1 ? '\n' : ''}`);
    else if (Date.now() - shownAt >= PROGRESS_EVERY_MS) {
      shownAt = Date.now();
      process.stderr.write(`${text}\n`);
    }
  };
}

function toJson({ site, devices }: RunOutcome, report: ImportReport, dryRun: boolean): object {
  return { ...reportToJson(report), site, devices, dry_run: dryRun };
}

function describe(
  path: string,
  target: string,
  { site, devices }: RunOutcome,
  report: ImportReport,
  isDry: boolean,
): string {
  const { rows, first, last, series, rejected, counted_by: unit } = report;
  const times = first === null || last === null ? 'nothing' : `${iso(first)} to ${iso(last)}`;
  const taken = `${report.accepted} values taken, ${report.already_there} already there, ${report.quarantined} quarantined, ${rejected} rejected`;
  const reasons = Object.entries(report.rejected_by).map(
    ([reason, { count, positions }]) =>
      `  ${reason}: ${count}${positions.length > 0 ? ` (${unit} ${positions.join(', ')}${count > positions.length ? ' …' : ''})` : ''}`,
  );
  const notes = [
    [report.ambiguous_times, 'times stand in an hour that autumn repeats'],
    [report.skipped_times, 'times stand in an hour that spring skips'],
    [report.outside_rows, 'rows are in other tables of the file'],
    [report.ignored, 'values have names that the mapping ignores'],
  ] as const;
  return [
    `${path}: ${rows} rows, ${times}`,
    isDry ? `Dry run: nothing was written; ${rejected} rejected.` : `${taken} (${target}).`,
    ...(site === null ? [] : [placesLine(site, devices, isDry)]),
    ...reasons,
    ...notes.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}.`),
    ...report.absent_columns.map((name) => `No record has the field "${name}".`),
    ...series.slice(0, MAX_SERIES_SHOWN).map(seriesLine),
    ...(series.length > MAX_SERIES_SHOWN
      ? [`  … and ${report.more_series ? 'more than ' : ''}${series.length - MAX_SERIES_SHOWN} more series`]
      : []),
    ...report.problems.map(({ position, detail }) => `  ${unit} ${position}: ${detail}`),
  ].join('\n');
}

function placesLine(site: NonNullable<RunOutcome['site']>, devices: RunOutcome['devices'], isDry: boolean): string {
  const made = devices.filter(({ created }) => created).length;
  const verb = isDry ? 'would be made' : 'was made';
  return `Site "${site.name}" (${site.timezone}, ${site.currency})${site.created ? ` ${verb}` : ''}; ${devices.length} devices, ${made} of them new.`;
}

function seriesLine({ device, metric, values, interval_ms, duplicates, out_of_order, gaps }: SeriesReport): string {
  const parts = [
    `${values} values`,
    ...(interval_ms === null ? [] : [`every ${duration(interval_ms)}`]),
    ...(gaps.count === 0
      ? []
      : [`${gaps.count} gaps of ${duration(gaps.total_ms)} in all, the longest ${duration(gaps.longest_ms)}`]),
    ...(duplicates === 0 ? [] : [`${duplicates} duplicates`]),
    ...(out_of_order === 0 ? [] : [`${out_of_order} out of order`]),
  ];
  return `  ${device} ${metric}: ${parts.join(', ')}`;
}

/** `3 d 4 h`, `30 min`, `10 s`. */
function duration(ms: number): string {
  const [days, hours, minutes] = [
    Math.floor(ms / UTC_DAY_MS),
    Math.floor(ms / HOUR_MS) % 24,
    Math.floor(ms / MINUTE_MS) % 60,
  ];
  const parts = [
    [days, 'd'],
    [hours, 'h'],
    [minutes, 'min'],
  ] as const;
  const told = parts.filter(([count]) => count > 0).map(([count, unit]) => `${count} ${unit}`);
  return told.length > 0 ? told.slice(0, 2).join(' ') : `${ms / SECOND_MS} s`;
}

function iso(instant: number): string {
  return new Date(instant).toISOString();
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new InvalidInput(`the mapping ${path} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}
