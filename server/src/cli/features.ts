import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Feature } from '@wattkeeper/contract/service.ts';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { InvalidInput, Unavailable } from '../domain/errors.ts';
import { FeatureFlags } from '../features/settings/feature-flags.ts';
import { onRecords } from './on-records.ts';
import { ProgressBar } from './progress-bar.ts';
import { runningService } from './running-service.ts';
import { callService, type RunningService } from './service-jobs.ts';
import { listOfService } from './service-lists.ts';

const HELP = `Lists features and switches them, in a running service at once, else from its next start.

Usage: npm start -- features [ACTION] [OPTIONS]

  list           what there is, and whether it is on (default)
  on NAME        switch a feature on
  off NAME       switch a feature off

  --url URL      of a running service; default: the one that runs on this machine
  --token TOKEN  API token with the scopes read and admin for a service of somebody else; better in WATTKEEPER_TOKEN
  --config FILE  configuration to read instead of wattkeeper.yaml
  --json         print one JSON object with the result on the last line
  --help         this text`;

const LOOK_EVERY_MS = 200;

/** Features as the service has them, or as it will find them when it starts. */
interface Switchboard {
  list(): Promise<readonly Feature[]>;
  set(name: string, enabled: boolean): Promise<Feature>;
}

/** `features list|on|off`. Answers the exit code. */
export async function featuresCommand(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
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
  const [action = 'list', name, ...more] = positionals;
  const named = action !== 'list';
  if (!['list', 'on', 'off'].includes(action) || more.length > 0 || named !== (name !== undefined)) {
    throw new InvalidInput(`features does not know "${positionals.join(' ')}"\n\n${HELP}`);
  }
  const config = loadConfig({ file: values.config, environment });
  const service = await runningService(config, environment, values);
  const items = await withSwitchboard(config, service, async (board) =>
    name === undefined ? board.list() : [await board.set(name, action === 'on')],
  );
  if (values.json) console.log(JSON.stringify({ items }));
  else for (const feature of items) console.log(describe(feature));
  return 0;
}

async function withSwitchboard<T>(
  config: Config,
  service: RunningService | null,
  use: (board: Switchboard) => Promise<T>,
): Promise<T> {
  if (service) return use(ofService(service));
  return onRecords(config, async (records) => {
    const flags = await FeatureFlags.load(records.featureFlags, { persistence: config.persistence });
    return use({ list: async () => flags.list(), set: (name, enabled) => flags.set(name, enabled) });
  });
}

function ofService(service: RunningService): Switchboard {
  return {
    list: () => listOfService(service, '/features', Feature),
    set: async (name, enabled) => {
      const path = `/features/${encodeURIComponent(name)}`;
      return settled(service, path, Feature.parse(await callService(service, 'PATCH', path, { enabled })));
    },
  };
}

/** Waits for the end of a change that goes on after the switch. @throws Unavailable when it fails */
async function settled(service: RunningService, path: string, switched: Feature): Promise<Feature> {
  const bar = new ProgressBar('Moving to disk');
  let feature = switched;
  while (feature.change?.state === 'running') {
    bar.show(feature.change.progress);
    await sleep(LOOK_EVERY_MS);
    feature = Feature.parse(await callService(service, 'GET', path));
  }
  bar.end();
  if (feature.change?.state === 'failed')
    throw new Unavailable(
      `persistence could not be switched on: ${feature.change.error}; the service continues in memory`,
    );
  return feature;
}

function describe({ name, label, description, active, reason }: Feature): string {
  const state = active ? 'on ' : 'off';
  return `${state}  ${name.padEnd(20)} ${label}: ${description}${reason === null ? '' : ` (${reason})`}`;
}
