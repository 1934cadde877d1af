import { parseArgs } from 'node:util';
import { MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import { z } from 'zod';
import { openPipeline } from '../assembly/pipeline.ts';
import { createFilling } from '../assembly/services.ts';
import { loadConfig } from '../config/load.ts';
import { openLog } from '../config/log.ts';
import type { Config } from '../config/schema.ts';
import { InvalidInput } from '../domain/errors.ts';
import { backfillJob } from '../features/backfill/job.ts';
import { ProgressBar } from './progress-bar.ts';
import { runningService } from './running-service.ts';
import { type RunningService, runServiceJob } from './service-jobs.ts';

const HELP = `Fills one store with what another one holds, archived months included. Both stand under \`stores\` in the configuration; works
while the service runs, through its API. One that was cut off goes on where it was; what is written is read back.

Usage: npm start -- backfill --from STORE --to STORE [OPTIONS]

  --from STORE   name of the store that is read
  --to STORE     name of the store that is filled
  --url URL      of a running service; default: the one that runs on this machine, which lets its user in
  --token TOKEN  API token with the scopes read and admin for a service of somebody else; better in WATTKEEPER_TOKEN
  --config FILE  configuration to read instead of wattkeeper.yaml
  --json         print one JSON object with the result on the last line
  --help         this text`;

const Report = z.object({ series: z.number(), values: z.number(), written: z.number(), archivedMonths: z.number() });
const DRAIN_MS = MINUTE_MS;

/** `backfill`. Answers 0 when everything that the source holds is in the target. */
export async function backfillCommand(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      from: { type: 'string' },
      to: { type: 'string' },
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
  const { from, to } = values;
  if (from === undefined || to === undefined) throw new InvalidInput(`backfill needs --from and --to\n\n${HELP}`);
  const config = loadConfig({ file: values.config, environment });
  const service = await runningService(config, environment, values);
  const bar = new ProgressBar('Copying');
  const report = Report.parse(await fill(config, { from, to }, service, bar).finally(() => bar.end()));
  if (values.json) console.log(JSON.stringify(report));
  else {
    console.log(
      `${report.values} values of ${report.series} series of ${from} are in ${to}; ${report.written} were not there before.`,
    );
    if (report.archivedMonths > 0) console.log(`${report.archivedMonths} months were read from the archive.`);
  }
  return 0;
}

async function fill(
  config: Config,
  params: { from: string; to: string },
  service: RunningService | null,
  bar: ProgressBar,
) {
  if (service)
    return runServiceJob(service, '/storage/backfills', params, (share, note) => bar.show(share, note ?? ''));
  const log = openLog(config, 'warn');
  const pipeline = await openPipeline({ config, log, now: Date.now, withoutStores: false });
  try {
    const progress = (share: number | null, note?: string) => bar.show(share, note ?? '');
    const job = { params, by: null, signal: new AbortController().signal, progress };
    return await backfillJob(createFilling(pipeline)).run(job);
  } finally {
    await pipeline.close(DRAIN_MS);
  }
}
