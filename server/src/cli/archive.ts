import { parseArgs } from 'node:util';
import { MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import { z } from 'zod';
import { openPipeline } from '../assembly/pipeline.ts';
import { loadConfig } from '../config/load.ts';
import { openLog } from '../config/log.ts';
import type { Config } from '../config/schema.ts';
import { InvalidInput } from '../domain/errors.ts';
import { ProgressBar } from './progress-bar.ts';
import { runningService } from './running-service.ts';
import { type RunningService, runServiceJob } from './service-jobs.ts';

const HELP = `Moves months that are older than \`archive.after_days\` into the archive (Parquet files under \`archive.store\`), reads them back, and
only then takes them out of the first store. Works while the service runs, through its API. One that was cut off goes on where it was.

Usage: npm start -- archive [OPTIONS]

  --url URL      of a running service; default: the one that runs on this machine, which lets its user in
  --token TOKEN  API token with the scopes read and admin for a service of somebody else; better in WATTKEEPER_TOKEN
  --config FILE  configuration to read instead of wattkeeper.yaml
  --json         print one JSON object with the result on the last line
  --help         this text`;

const Report = z.object({
  months: z.number(),
  rows: z.number(),
  bytes: z.number(),
  postponed: z.array(z.string()).readonly(),
});
const DRAIN_MS = MINUTE_MS;

/** `archive`. Answers 0 when everything that is old enough is in the archive. */
export async function archiveCommand(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const { values } = parseArgs({
    args: [...argv],
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
  const config = loadConfig({ file: values.config, environment });
  if (config.archive.store === undefined) {
    throw new InvalidInput('no archive is configured: set archive.store, for instance to {type: local}');
  }
  const service = await runningService(config, environment, values);
  const bar = new ProgressBar('Archiving');
  const report = Report.parse(await archive(config, service, bar).finally(() => bar.end()));
  if (values.json) console.log(JSON.stringify(report));
  else {
    console.log(`${report.months} months were archived: ${report.rows} rows in ${report.bytes} bytes.`);
    for (const name of report.postponed) console.log(`${name} is left to the next run: old readings keep coming in.`);
  }
  return report.postponed.length === 0 ? 0 : 1;
}

async function archive(config: Config, service: RunningService | null, bar: ProgressBar): Promise<unknown> {
  if (service)
    return runServiceJob(service, '/storage/archive', undefined, (share, note) => bar.show(share, note ?? ''));
  const log = openLog(config, 'warn');
  const pipeline = await openPipeline({ config, log, now: Date.now, withoutStores: false });
  try {
    const work = {
      signal: new AbortController().signal,
      progress: (share: number | null, message: string) => bar.show(share, message),
    };
    if (pipeline.tiers === null) throw new InvalidInput('persistence is off: there is nothing to archive');
    await pipeline.rollups.keepUp(pipeline.ingest, work);
    return await pipeline.tiers.archiveNow(work);
  } finally {
    await pipeline.close(DRAIN_MS);
  }
}
