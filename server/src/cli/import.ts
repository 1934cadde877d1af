import { readFileSync, writeFileSync } from 'node:fs';
import { TimeZone } from '@wattkeeper/contract/site.ts';
import { InvalidInput, messageOf } from '../domain/errors.ts';
import type { OnProgress } from '../domain/progress.ts';
import { runImport } from '../features/importing/run-import.ts';
import { reportToJson } from '../sources/import/import-report.ts';
import { diskFile } from '../sources/import/input-file.ts';
import { parseMapping } from '../sources/import/mapping.ts';
import { by, type CommandDefinition, INCOMPLETE, type Result, serviceCommand } from './command.ts';
import { describe } from './import-report.ts';
import { withImportTarget } from './import-target.ts';
import type { Invocation } from './invocation.ts';
import { ProgressBar } from './progress-bar.ts';

const EXAMPLES = `
Ends with 0 when every value was accepted, 3 when some values were rejected, and 1 when the import failed.

Examples:
  npm start -- import --detect meter.csv --timezone Europe/Warsaw --site "Our house" --mapping meter.yaml
  npm start -- import meter.csv --mapping meter.yaml --dry-run
  npm start -- import meter.csv --mapping meter.yaml`;

interface ImportOptions {
  readonly mapping?: string | undefined;
  readonly timezone: string;
  readonly site?: string | undefined;
  readonly currency?: string | undefined;
  readonly dryRun?: boolean | undefined;
  readonly force?: boolean | undefined;
}

export const importFile: CommandDefinition = (run) =>
  serviceCommand('import', 'the scope write')
    .description(
      'Imports a CSV, JSON, NEM12 or Green Button (XML) file, plain or gzip: through the API of the running service, else into the data folder. An interrupted import continues where it stopped.',
    )
    .argument('<file>', 'the file to import')
    .option('--mapping <file>', 'how the columns become metrics (docs/import.md; examples in docs/examples/mappings)')
    .option('--detect', 'write a mapping for the file, to the new file --mapping or to the output, and import nothing')
    .option('--timezone <zone>', "with --detect: zone of the file's times without an offset", by(TimeZone), 'UTC')
    .option('--site <name>', 'with --detect: site of the data; default: named after the file')
    .option('--currency <code>', "with --detect: currency of the site; default: that of the zone's country")
    .option('--dry-run', 'read everything, write nothing')
    .option('--force', 'import again what was imported before; nothing is duplicated')
    .addHelpText('after', EXAMPLES)
    .action((path, { detect, ...options }, command) => {
      if (detect) return run(command, () => detected(path, options));
      const { mapping } = options;
      if (mapping === undefined) return command.error('import needs --mapping FILE, or --detect to write one');
      return run(command, (invocation) => imported(invocation, path, { ...options, mapping }));
    });

/** Detects the mapping of a file and writes it. */
async function detected(path: string, { mapping: target, timezone, site, currency }: ImportOptions): Promise<Result> {
  const { detectMapping, mappingText } = await import('../sources/import/detect/detect.ts');
  const { mapping, notes } = await detectMapping(await diskFile(path), { timezone, site, currency });
  const text = mappingText({ mapping, notes });
  parseMapping(text, `for ${path}`);
  if (target !== undefined) writeNew(target, text);
  const written = `${target} is the mapping for ${path}; import it with --dry-run first.`;
  return {
    lines: [target === undefined ? text.trimEnd() : written],
    json: { mapping, notes, written: target ?? null },
  };
}

async function imported(
  invocation: Invocation,
  path: string,
  options: ImportOptions & { readonly mapping: string },
): Promise<Result> {
  const { mapping: mappingName, dryRun = false, force = false } = options;
  const mapping = readText(mappingName);
  parseMapping(mapping, mappingName);
  const file = await diskFile(path);
  const bar = new ProgressBar('Importing');
  return withImportTarget(invocation, async (target) => {
    const onProgress: OnProgress = (share, message) => bar.show(share, message);
    const { signal } = invocation;
    const outcome = await runImport(target, { file, mapping, mappingName, dryRun, force, signal, onProgress });
    const { importedBefore, report, site, devices } = outcome;
    if (report === null)
      return {
        lines: [`${path} was imported before (${importedBefore} rows); --force imports it again.`],
        json: { already_imported: true, rows: importedBefore },
      };
    return {
      lines: describe(path, target.name, outcome, report, dryRun),
      json: { ...reportToJson(report), site, devices, dry_run: dryRun },
      code: report.rejected === 0 && report.absent_columns.length === 0 ? 0 : INCOMPLETE,
    };
  }).finally(() => bar.end());
}

function writeNew(path: string, text: string): void {
  try {
    writeFileSync(path, text, { flag: 'wx' });
  } catch (error) {
    throw new InvalidInput(`the mapping ${path} cannot be written: ${messageOf(error)}`, { cause: error });
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new InvalidInput(`the mapping ${path} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}
