import { createWriteStream, existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { extname } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline as pipe } from 'node:stream/promises';
import { Instant } from '@wattkeeper/contract/common.ts';
import type { Pipeline } from '../assembly/pipeline.ts';
import { Conflict, messageOf, Unavailable } from '../domain/errors.ts';
import type { EXPORT_FORMATS } from '../features/telemetry/export.ts';
import { by, type CommandDefinition, collect, serviceCommand } from './command.ts';
import type { Invocation } from './invocation.ts';
import { ProgressBar } from './progress-bar.ts';
import type { ServiceApi } from './service-api.ts';
import { onFolder } from './work.ts';

type Format = keyof typeof EXPORT_FORMATS;

interface Selection {
  readonly device_id: string[] | undefined;
  readonly metric: string[] | undefined;
  readonly site_id: string | undefined;
  readonly start: string;
  readonly end: string;
}

export const exportSamples: CommandDefinition = (run) =>
  serviceCommand('export', 'the scope read')
    .description('Writes raw samples to a file. Works through the API while the service runs.')
    .argument('<file>', '.csv, .parquet or .arrows; - writes CSV to standard output')
    .option('--device <name>', 'id or name of a device; repeatable; default: all', collect)
    .option('--metric <metric>', 'such as solar.power_kw; repeatable; default: all', collect)
    .option('--site <name>', 'only devices of this site')
    .option('--start <time>', 'ISO 8601 with an offset; default: from the beginning', by(Instant))
    .option('--end <time>', 'ISO 8601 with an offset, not included; default: now', by(Instant))
    .addHelpText(
      'after',
      '\nExample:\n  npm start -- export march.parquet --device roof --start 2026-03-01T00:00:00Z --end 2026-04-01T00:00:00Z',
    )
    .action((file, { device, metric, site, start, end }, command) =>
      run(command, async (invocation) => {
        const format = await formatOf(file, (message) => command.error(message));
        if (file !== '-' && existsSync(file))
          throw new Conflict(`${file} exists already: remove it, or choose another name`);
        const selection: Selection = {
          device_id: device,
          metric,
          site_id: site,
          start: start ?? '1970-01-01T00:00:00Z',
          end: end ?? new Date().toISOString(),
        };
        const bytes = await write(invocation, selection, format, file);
        if (file === '-') return null;
        return { lines: [`${file} has ${(bytes / 1e6).toFixed(2)} MB.`], json: { file, format, bytes } };
      }),
    );

async function formatOf(file: string, refuse: (message: string) => never): Promise<Format> {
  if (file === '-') return 'csv';
  const { EXPORT_FORMATS } = await import('../features/telemetry/export.ts');
  const formats = Object.keys(EXPORT_FORMATS) as Format[];
  const found = formats.find((format) => EXPORT_FORMATS[format].extension === extname(file).slice(1));
  const allowed = formats.map((format) => `.${EXPORT_FORMATS[format].extension}`);
  return found ?? refuse(`the file must end in ${allowed.join(', ')}; got ${file}`);
}

/** Returns the number of bytes written. A file gets its final name when it is complete. */
async function write(invocation: Invocation, selection: Selection, format: Format, file: string): Promise<number> {
  const service = await invocation.service();
  const bar = new ProgressBar('Exporting');
  let bytes = 0;
  const counted = new Transform({
    transform(chunk: Buffer, _, done) {
      bytes += chunk.length;
      bar.show(null, `${(bytes / 1e6).toFixed(1)} MB`);
      done(null, chunk);
    },
  });
  const partial = `${file}.partial`;
  const { signal } = invocation;
  const into = (source: Readable) =>
    file === '-'
      ? pipe(source, counted, process.stdout, { signal, end: false })
      : pipe(source, counted, createWriteStream(partial, { flush: true }), { signal });
  try {
    await (service
      ? fromService(service, { ...selection, format }, signal, into)
      : fromFolder(invocation, selection, format, into));
    if (file !== '-') await rename(partial, file);
    return bytes;
  } catch (error) {
    if (file !== '-') await rm(partial, { force: true });
    const { code } = error as NodeJS.ErrnoException;
    if (typeof code === 'string' && /^E[A-Z]+$/.test(code))
      throw new Unavailable(`${file} cannot be written: ${messageOf(error)}`, { cause: error });
    throw error;
  } finally {
    bar.end();
  }
}

async function fromFolder(
  invocation: Invocation,
  selection: Selection,
  format: Format,
  into: (source: Readable) => Promise<void>,
): Promise<void> {
  const { EXPORT_FORMATS } = await import('../features/telemetry/export.ts');
  const { exportRows, SAMPLES } = await import('../features/telemetry/export-rows.ts');
  const { TelemetryService } = await import('../features/telemetry/service.ts');
  const read = async ({ queries, partial, directory, catalogue, records: { sites } }: Pipeline) => {
    const service = new TelemetryService({ queries, partial, directory, sites, catalogue, now: Date.now });
    const samples = service.stream(await service.targets(selection), service.windowOf(selection));
    const rows = exportRows(samples, (metric) => catalogue.describe(metric).unit);
    await into(Readable.from(EXPORT_FORMATS[format].encode(rows, SAMPLES), { objectMode: false }));
  };
  await onFolder(invocation, read, { drainMs: 0 });
}

async function fromService(
  service: ServiceApi,
  query: Selection & { readonly format: Format },
  signal: AbortSignal,
  into: (source: Readable) => Promise<void>,
): Promise<void> {
  const { getTelemetry } = await import('@wattkeeper/contract/endpoints/telemetry.ts');
  const { body } = await service.send(getTelemetry, { query, signal });
  await into(Readable.fromWeb(body as Parameters<typeof Readable.fromWeb>[0]));
}
