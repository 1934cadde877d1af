import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Logger } from 'pino';
import { type App, startApp } from '../app.ts';
import { loadConfig } from '../config/load.ts';
import { openLog } from '../config/log.ts';
import type { Config } from '../config/schema.ts';

const HELP = `Runs the service until it is stopped with Ctrl+C or SIGTERM.

Usage: npm start -- [start] [--config FILE] [--json]

  --config FILE  configuration to read instead of wattkeeper.yaml
  --json         print one JSON object with the address and the sign-in link when the service is ready
  --help         this text`;

/** A stop takes no longer. Parts that are open then end as in a kill, after which nothing acknowledged is missing. */
const MAX_STOP_MS = 9_500;

/** The default command: runs the service. */
export async function startCommand(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const { values } = parseArgs({
    args: [...argv],
    options: { config: { type: 'string' }, json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const config = loadConfig({ file: values.config, environment });
  const log = openLog(config, config.log.level);
  const onDemoProgress = values.json ? () => {} : showProgress;
  const moved = Promise.withResolvers<'moved'>();
  const app = await startApp({ config, log, onDemoProgress, onMoved: () => moved.resolve('moved') });
  const publicUrl = config.http.public_url?.replace(/\/$/, '') ?? app.url;
  const link = `${publicUrl}/ui/sign-in?code=${await app.auth.createSignInCode()}`;
  if (values.json) console.log(JSON.stringify({ url: app.url, sign_in_link: link }));
  else
    console.log(
      `\nWattkeeper is ready: ${publicUrl}/ui/\nSign in once with   ${link}\n(good for 15 minutes; \`npm start -- sign-in-link\` makes another)\n`,
    );
  const stopped = untilStopped();
  const how = await Promise.race([stopped, moved.promise]);
  if (how === 'moved') await goOnOnDisk(app, config, log, stopped);
  else await end(app, log);
  return 0;
}

async function end(app: App, log: Logger): Promise<void> {
  log.info('stopping');
  const isClosed = await Promise.race([app.close().then(() => true), sleep(MAX_STOP_MS, false, { ref: false })]);
  if (!isClosed)
    log.warn(
      `not everything could be closed in ${MAX_STOP_MS / 1000} s: the rest continues from the journal at the next start`,
    );
}

/** The service that lived in memory ends, and one that has everything on disk takes its place at the same address. */
async function goOnOnDisk(inMemory: App, config: Config, log: Logger, stopped: Promise<unknown>): Promise<void> {
  await inMemory.close();
  log.warn(
    `everything is kept in ${config.data_dir} from now on; set persistence to true in the configuration (WATTKEEPER_PERSISTENCE=true), or the next start is in memory again`,
  );
  const http = { ...config.http, port: Number(new URL(inMemory.url).port) };
  const app = await startApp({ config: { ...config, http, persistence: true }, log });
  await stopped;
  await end(app, log);
}

/** A bar that grows in place on a terminal; elsewhere a line at the end. */
function showProgress(share: number): void {
  const done = share >= 1;
  if (process.stderr.isTTY) {
    const filled = Math.round(share * 30);
    process.stderr.write(
      `\rMaking the demo's history ${'█'.repeat(filled)}${'░'.repeat(30 - filled)} ${Math.round(share * 100)} %${done ? '\n' : ''}`,
    );
  } else if (done) process.stderr.write("Made the demo's history.\n");
}

function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}
