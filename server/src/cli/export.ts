import { createWriteStream, existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { extname } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline as pipe } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { Instant, parseInstant } from '@wattkeeper/contract/common.ts';
import { openPipeline } from '../assembly/pipeline.ts';
import { loadConfig } from '../config/load.ts';
import { openLog } from '../config/log.ts';
import type { Config } from '../config/schema.ts';
import { Conflict, InvalidInput, messageOf, Unavailable } from '../domain/errors.ts';
import { EXPORT_FORMATS, exportRows, SAMPLES } from '../features/telemetry/export.ts';
import { TelemetryService } from '../features/telemetry/service.ts';
import { ProgressBar } from './progress-bar.ts';
import { runningService } from './running-service.ts';
import { callServiceRaw, type RunningService } from './service-jobs.ts';

const HELP = `Writes raw samples to a file. Works while the service runs, through its API.

Usage: npm start -- export FILE [OPTIONS]

  FILE             .csv, .parquet or .arrows; - writes CSV to standard output
  --device NAME    id or name of a device, also several times; default: all
  --metric METRIC  such as solar.power_kw, also several times; default: all
  --site NAME      keep to the devices of a site
  --start TIME     ISO 8601; default: from the beginning
  --end TIME       ISO 8601, not included; default: now
  --url URL        of a running service; default: the one that runs on this machine, which lets its user in
  --token TOKEN    API token with the scope read for a service of somebody else; better in WATTKEEPER_TOKEN
  --config FILE    configuration to read instead of wattkeeper.yaml
  --json           print one JSON object with the result on the last line
  --help           this text`;

type Format = keyof typeof EXPORT_FORMATS;

interface Selection {
  readonly device_id: string[] | undefined;
  readonly metric: string[] | undefined;
  readonly site_id: string | undefined;
  readonly start: string;
  readonly end: string;
}

/** `export FILE`. Answers 0 when the file is whole. */
export async function exportCommand(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      device: { type: 'string', multiple: true },
      metric: { type: 'string', multiple: true },
      site: { type: 'string' },
      start: { type: 'string' },
      end: { type: 'string' },
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
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) throw new InvalidInput(`export needs one file\n\n${HELP}`);
  const format = formatOf(file);
  if (file !== '-' && existsSync(file)) throw new Conflict(`${file} exists already: remove it, or choose another name`);
  const selection: Selection = {
    device_id: values.device,
    metric: values.metric,
    site_id: values.site,
    start: instantOf('start', values.start ?? '1970-01-01T00:00:00Z'),
    end: instantOf('end', values.end ?? new Date().toISOString()),
  };
  const config = loadConfig({ file: values.config, environment });
  const service = await runningService(config, environment, values);
  const bytes = await write(config, service, selection, format, file);
  if (values.json && file !== '-') console.log(JSON.stringify({ file, format, bytes }));
  else if (file !== '-') console.log(`${file} has ${(bytes / 1e6).toFixed(2)} MB.`);
  return 0;
}

function formatOf(file: string): Format {
  if (file === '-') return 'csv';
  const extension = extname(file).slice(1);
  const formats = Object.keys(EXPORT_FORMATS) as Format[];
  const found = formats.find((format) => EXPORT_FORMATS[format].extension === extension);
  if (found !== undefined) return found;
  const allowed = Object.values(EXPORT_FORMATS).map((format) => `.${format.extension}`);
  throw new InvalidInput(`the file must end in ${allowed.join(', ')}; got ${file}`);
}

function instantOf(name: string, text: string): string {
  if (Instant.safeParse(text).success && !Number.isNaN(parseInstant(text))) return text;
  throw new InvalidInput(`--${name} must be a time such as 2026-03-29T00:00:00Z; got ${text}`);
}

/** Answers how many bytes were written. A file takes its name when it is whole. */
async function write(
  config: Config,
  service: RunningService | null,
  selection: Selection,
  format: Format,
  file: string,
): Promise<number> {
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
  const target = () => (file === '-' ? process.stdout : createWriteStream(partial, { flush: true }));
  const into = (source: Readable) =>
    file === '-' ? pipe(source, counted, target(), { end: false }) : pipe(source, counted, target());
  try {
    await (service ? fromService(service, selection, format, into) : alone(config, selection, format, into));
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

async function alone(
  config: Config,
  selection: Selection,
  format: Format,
  into: (source: Readable) => Promise<void>,
): Promise<void> {
  const log = openLog(config, 'warn');
  const pipeline = await openPipeline({ config, log, now: Date.now, withoutStores: false });
  try {
    const { queries, partial, directory, catalogue, records } = pipeline;
    const { sites } = records;
    const service = new TelemetryService({ queries, partial, directory, sites, catalogue, now: Date.now });
    const samples = service.stream(await service.targets(selection), service.windowOf(selection));
    const rows = exportRows(samples, (metric) => catalogue.describe(metric).unit);
    await into(Readable.from(EXPORT_FORMATS[format].encode(rows, SAMPLES), { objectMode: false }));
  } finally {
    await pipeline.close(0);
  }
}

async function fromService(
  service: RunningService,
  { device_id, metric, site_id, start, end }: Selection,
  format: Format,
  into: (source: Readable) => Promise<void>,
): Promise<void> {
  const query = new URLSearchParams({ start, end, format, ...(site_id !== undefined && { site_id }) });
  for (const id of device_id ?? []) query.append('device_id', id);
  for (const name of metric ?? []) query.append('metric', name);
  const { body } = await callServiceRaw(service, 'GET', `/telemetry?${query}`);
  await into(Readable.fromWeb(body as Parameters<typeof Readable.fromWeb>[0]));
}
