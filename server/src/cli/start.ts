import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { App } from '../app.ts';
import { openLog } from '../config/log.ts';
import type { Config } from '../config/schema.ts';
import { newSecret } from '../features/auth/secrets.ts';
import { ReplaceableApp } from '../replaceable-app.ts';
import { announce } from './announcement.ts';
import { type CommandDefinition, newCommand } from './command.ts';
import type { Invocation } from './invocation.ts';
import { ownUrl } from './running-service.ts';

/** Time limit of a stop. Parts that are still open then end as if killed, without loss of acknowledged readings. */
const MAX_STOP_MS = 9_500;

export const start: CommandDefinition = (run) =>
  newCommand('start')
    .description(
      'Runs the service until it is stopped with Ctrl-C or SIGTERM. With --json it prints its address and a sign-in link as soon as it is ready.',
    )
    .action((_, command) => run(command, serve));

async function serve({ config, environment, options: { json = false } }: Invocation): Promise<null> {
  const log = openLog(config, config.log.level);
  const onDemoProgress = json ? () => {} : showProgress;
  const localToken = newSecret();
  const stopped = Promise.withResolvers<unknown>();
  let withdraw = () => {};
  const service = await ReplaceableApp.start({
    config,
    log,
    localToken,
    onDemoProgress,
    onServing: (app, persistence) => {
      withdraw();
      const here = { url: urlHere(app, config), token: localToken };
      withdraw = announce({ ...config, persistence }, environment, here, (text) => log.warn(text));
    },
    onFailure: stopped.reject,
  });
  await sayReady(service.app, config, json);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stopped.resolve);
  await stopped.promise;
  withdraw();
  await end(service, log);
  return null;
}

async function sayReady(app: App, config: Config, asJson: boolean): Promise<void> {
  const publicUrl = config.http.public_url?.replace(/\/$/, '') ?? app.url;
  const link = `${publicUrl}/ui/sign-in?code=${await app.auth.createSignInCode()}`;
  if (asJson) console.log(JSON.stringify({ url: app.url, sign_in_link: link }));
  else
    console.log(
      `\nWattkeeper is ready: ${publicUrl}/ui/\nSign in once with   ${link}\n(good for 15 minutes; \`npm start -- sign-in-link\` makes another)\n`,
    );
}

/** The local URL of a service. */
function urlHere({ url }: App, { http }: Config): string {
  return ownUrl({ http: { ...http, port: Number(new URL(url).port) } });
}

async function end(service: ReplaceableApp, log: Logger): Promise<void> {
  log.info('stopping');
  const isClosed = await Promise.race([service.close().then(() => true), sleep(MAX_STOP_MS, false, { ref: false })]);
  if (!isClosed)
    log.warn(
      `not everything could be closed in ${MAX_STOP_MS / 1000} s: the rest continues from the journal at the next start`,
    );
}

/** Shows a progress bar on a terminal, otherwise one line at the end. */
function showProgress(share: number | null): void {
  const known = share ?? 0;
  const done = known >= 1;
  if (process.stderr.isTTY) {
    const filled = Math.round(known * 30);
    process.stderr.write(
      `\rMaking the demo's history ${'█'.repeat(filled)}${'░'.repeat(30 - filled)} ${Math.round(known * 100)} %${done ? '\n' : ''}`,
    );
  } else if (done) process.stderr.write("Made the demo's history.\n");
}
