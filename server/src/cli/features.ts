import { setTimeout as sleep } from 'node:timers/promises';
import type { Feature } from '@wattkeeper/contract/service.ts';
import { Unavailable } from '../domain/errors.ts';
import { type CommandDefinition, type Result, serviceCommand } from './command.ts';
import type { Invocation } from './invocation.ts';
import { ProgressBar } from './progress-bar.ts';
import type { ServiceApi } from './service-api.ts';
import { onRecords } from './work.ts';

const LOOK_EVERY_MS = 200;

/** The features of the running service, or those that it reads at its next start. */
interface Switchboard {
  list(): Promise<readonly Feature[]>;
  set(name: string, enabled: boolean): Promise<Feature>;
}

export const features: CommandDefinition = (run) => {
  const command = serviceCommand('features', 'the scopes read and admin').description(
    'Lists features and switches them: immediately in a running service, else from its next start.',
  );

  command
    .command('list', { isDefault: true })
    .description('List the features, and whether they are on (default).')
    .action((_, action) =>
      run(action, async (invocation) => resultOf(await withSwitchboard(invocation, (board) => board.list()))),
    );

  for (const state of ['on', 'off'] as const)
    command
      .command(state)
      .description(`Switch a feature ${state}.`)
      .argument('<name>', 'name of the feature')
      .action((name, _, action) =>
        run(action, async (invocation) =>
          resultOf([await withSwitchboard(invocation, (board) => board.set(name, state === 'on'))]),
        ),
      );

  return command;
};

async function withSwitchboard<T>(invocation: Invocation, use: (board: Switchboard) => Promise<T>): Promise<T> {
  const { config, signal } = invocation;
  const service = await invocation.service();
  if (service) return use(await ofService(service, signal));
  const { FeatureFlags } = await import('../features/settings/feature-flags.ts');
  return onRecords(config, async (records) => {
    const flags = await FeatureFlags.load(records.featureFlags, { persistence: config.persistence });
    return use({ list: async () => flags.list(), set: (name, enabled) => flags.set(name, enabled) });
  });
}

async function ofService(service: ServiceApi, signal: AbortSignal): Promise<Switchboard> {
  const { getFeature, listFeatures, switchFeature } = await import('@wattkeeper/contract/endpoints/settings.ts');
  return {
    list: () => service.list(listFeatures),
    set: async (name, enabled) => {
      const params = { name };
      const switched = await service.call(switchFeature, { params, body: { enabled } });
      return settled(switched, () => service.call(getFeature, { params }), signal);
    },
  };
}

/** Waits until a change that continues after the switch has finished. @throws Unavailable if it fails */
async function settled(switched: Feature, look: () => Promise<Feature>, signal: AbortSignal): Promise<Feature> {
  const bar = new ProgressBar('Moving to disk');
  let feature = switched;
  try {
    while (feature.change?.state === 'running') {
      bar.show(feature.change.progress);
      await sleep(LOOK_EVERY_MS, undefined, { signal });
      feature = await look();
    }
  } finally {
    bar.end();
  }
  if (feature.change?.state === 'failed')
    throw new Unavailable(
      `persistence could not be switched on: ${feature.change.error}; the service continues in memory`,
    );
  return feature;
}

function resultOf(items: readonly Feature[]): Result {
  return { lines: items.map(describe), json: { items } };
}

function describe({ name, label, description, active, reason }: Feature): string {
  const state = active ? 'on ' : 'off';
  return `${state}  ${name.padEnd(20)} ${label}: ${description}${reason === null ? '' : ` (${reason})`}`;
}
