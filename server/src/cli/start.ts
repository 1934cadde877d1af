import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Logger } from 'pino';
import { type App, type StartOptions, startApp } from '../app.ts';
import { loadConfig } from '../config/load.ts';
import { openLog } from '../config/log.ts';
import type { Config } from '../config/schema.ts';
import { newSecret } from '../features/auth/secrets.ts';
import { announce } from './announcement.ts';
import { ownUrl } from './own-url.ts';

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
  const localToken = newSecret();
  const first = await startMovable({ config, log, onDemoProgress, localToken });
  const { app } = first;
  const publicUrl = config.http.public_url?.replace(/\/$/, '') ?? app.url;
  const link = `${publicUrl}/ui/sign-in?code=${await app.auth.createSignInCode()}`;
  const announced = (at: App, persistence: boolean) => {
    const here = { url: urlHere(at, config), token: localToken };
    return announce({ ...config, persistence }, environment, here, (text) => log.warn(text));
  };
  const withdraw = announced(app, config.persistence);
  if (values.json) console.log(JSON.stringify({ url: app.url, sign_in_link: link }));
  else
    console.log(
      `\nWattkeeper is ready: ${publicUrl}/ui/\nSign in once with   ${link}\n(good for 15 minutes; \`npm start -- sign-in-link\` makes another)\n`,
    );
  const stopped = untilStopped();
  const last = await followFolder({ ...first, withdraw }, { config, log, localToken }, stopped, announced);
  await end(last, log);
  return 0;
}

/** A service, and when everything that it has is in a data folder on which another one has to take its place. */
interface Movable {
  readonly app: App;
  readonly moved: Promise<'moved'>;
}

async function startMovable(options: StartOptions): Promise<Movable> {
  const { promise: moved, resolve } = Promise.withResolvers<'moved'>();
  return { app: await startApp({ ...options, onMoved: () => resolve('moved') }), moved };
}

/**
 * Starts the service at the same address whenever it has moved to a data folder; resolves with the one that runs at the stop.
 * @param announced lets the commands of this machine find the service until what it answers is called
 */
async function followFolder(
  first: Movable & { readonly withdraw: () => void },
  { config, log, localToken }: Pick<StartOptions, 'config' | 'log' | 'localToken'>,
  stopped: Promise<void>,
  announced: (app: App, persistence: boolean) => () => void,
): Promise<App> {
  let current: Movable = first;
  let { withdraw } = first;
  while ((await Promise.race([stopped, current.moved])) === 'moved') {
    withdraw();
    const http = { ...config.http, port: Number(new URL(current.app.url).port) };
    await current.app.close();
    if (!config.persistence)
      log.warn(
        `everything is kept in ${config.data_dir} from now on; set persistence to true in the configuration (WATTKEEPER_PERSISTENCE=true), or the next start is in memory again`,
      );
    current = await startMovable({ config: { ...config, http, persistence: true }, log, localToken });
    withdraw = announced(current.app, true);
  }
  withdraw();
  return current.app;
}

/** Where a service answers on this machine. */
function urlHere({ url }: App, { http }: Config): string {
  return ownUrl({ http: { ...http, port: Number(new URL(url).port) } });
}

async function end(app: App, log: Logger): Promise<void> {
  log.info('stopping');
  const isClosed = await Promise.race([app.close().then(() => true), sleep(MAX_STOP_MS, false, { ref: false })]);
  if (!isClosed)
    log.warn(
      `not everything could be closed in ${MAX_STOP_MS / 1000} s: the rest continues from the journal at the next start`,
    );
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
