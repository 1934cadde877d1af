import { createHash } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import pino from 'pino';
import { loadConfig } from '../config/load.ts';
import { InvalidInput, messageOf } from '../domain/errors.ts';
import { openPipeline } from '../pipeline.ts';
import { type ImportReport, importFile } from '../sources/import/import-file.ts';
import { parseMapping } from '../sources/import/mapping.ts';

const HELP = `Brings a CSV file (plain or gzip) in. Stop the service first: both write to the same data folder.

Usage: npm start -- import FILE --mapping FILE [--dry-run] [--force] [--config FILE] [--json]

  --mapping FILE  how the columns become metrics (docs/import.md; examples in docs/examples/mappings)
  --dry-run       read everything, write nothing
  --force         import again what was imported before; nothing doubles
  --config FILE   configuration to read instead of wattkeeper.yaml
  --json          print one JSON object with the result on the last line
  --help          this text`;

/** Time for the stores to take what was imported. */
const DRAIN_MS = 10 * 60_000;

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
      'dry-run': { type: 'boolean', default: false },
      force: { type: 'boolean', default: false },
      config: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const [path] = positionals;
  if (path === undefined || values.mapping === undefined)
    throw new InvalidInput(`import needs a file and --mapping FILE\n\n${HELP}`);
  const text = readText(values.mapping);
  const mapping = parseMapping(text, values.mapping);
  const config = loadConfig({ file: values.config, environment });
  const pipeline = await openPipeline(config, pino({ level: 'warn', base: null }, pino.destination(2)), Date.now);
  try {
    const key = `import:${await checksumOf(path)}:${createHash('sha256').update(text).digest('hex')}`;
    const kept = (await pipeline.records.importStates.get(key))?.state as
      | { rows: number; finished: boolean }
      | undefined;
    if (kept?.finished && !values.force && !values['dry-run']) {
      return tell(values.json, `${path} was imported before (${kept.rows} rows); --force imports it again.`, {
        already_imported: true,
        rows: kept.rows,
      });
    }
    const report = await importFile({
      path,
      mapping,
      unitOf: (metric) => pipeline.catalogue.describe(metric).unit,
      ...(!values['dry-run'] && { sink: (blocks) => pipeline.intake.accept(blocks) }),
      skipRows: values.force ? 0 : (kept?.rows ?? 0),
      onProgress: async ({ rows, share }) => {
        showProgress(rows, share);
        if (!values['dry-run']) await pipeline.records.importStates.put(key, { rows, finished: false });
      },
    });
    if (!values['dry-run']) await pipeline.records.importStates.put(key, { rows: report.rows, finished: true });
    tell(values.json, describe(path, report, values['dry-run']), { ...report, dry_run: values['dry-run'] });
    return report.rejected === 0 ? 0 : 1;
  } finally {
    await pipeline.close(DRAIN_MS);
  }
}

function tell(json: boolean, text: string, result: object): number {
  console.log(json ? JSON.stringify(result) : text);
  return 0;
}

function describe(path: string, report: ImportReport, dryRun: boolean): string {
  const span =
    report.first === null || report.last === null ? 'nothing' : `${iso(report.first)} to ${iso(report.last)}`;
  const columns = Object.entries(report.values).map(([name, count]) => `  ${name}: ${count} values`);
  const problems = report.problems.map(({ line, detail }) => `  line ${line}: ${detail}`);
  return [
    `${path}: ${report.rows} rows, ${span}`,
    ...columns,
    dryRun
      ? `Dry run: nothing was written; ${report.rejected} values cannot be read.`
      : `${report.accepted} values taken, ${report.quarantined} quarantined, ${report.rejected} refused.`,
    ...problems,
  ].join('\n');
}

function iso(instant: number): string {
  return new Date(instant).toISOString();
}

function showProgress(rows: number, share: number): void {
  if (process.stderr.isTTY)
    process.stderr.write(`\r${Math.round(share * 100)} %, ${rows} rows${share >= 1 ? '\n' : ''}`);
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new InvalidInput(`the mapping ${path} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

async function checksumOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  } catch (error) {
    throw new InvalidInput(`${path} cannot be read: ${messageOf(error)}`, { cause: error });
  }
  return hash.digest('hex');
}
