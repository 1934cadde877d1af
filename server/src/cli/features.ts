import { parseArgs } from 'node:util';
import { Feature } from '@wattkeeper/contract/service.ts';
import { z } from 'zod';
import { loadConfig } from '../config/load.ts';
import { recordsLocation } from '../config/records-location.ts';
import type { Config } from '../config/schema.ts';
import { Conflict, InvalidInput } from '../domain/errors.ts';
import { FeatureFlags } from '../features/settings/feature-flags.ts';
import { openDataFolder } from '../storage/data-folder.ts';
import { openRecords } from '../storage/records/record-store.ts';
import { ownUrl } from './own-url.ts';
import { callService } from './service-jobs.ts';

const HELP = `Lists features and switches them, in a running service at once, else from its next start.

Usage: npm start -- features [ACTION] [OPTIONS]

  list           what there is, and whether it is on (default)
  on NAME        switch a feature on
  off NAME       switch a feature off

  --token TOKEN  API token with the scopes read and admin for a running service; better in WATTKEEPER_TOKEN
  --config FILE  configuration to read instead of wattkeeper.yaml
  --json         print one JSON object with the result on the last line
  --help         this text`;

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
  const token = values.token ?? environment.WATTKEEPER_TOKEN ?? config.auth.admin_token;
  const items = await withSwitchboard(config, token, async (board) =>
    name === undefined ? board.list() : [await board.set(name, action === 'on')],
  );
  if (values.json) console.log(JSON.stringify({ items }));
  else for (const feature of items) console.log(describe(feature));
  return 0;
}

async function withSwitchboard<T>(
  config: Config,
  token: string | undefined,
  use: (board: Switchboard) => Promise<T>,
): Promise<T> {
  let folder: ReturnType<typeof openDataFolder>;
  try {
    folder = openDataFolder(config.data_dir);
  } catch (error) {
    if (!(error instanceof Conflict)) throw error;
    return use(ofService({ url: ownUrl(config, error), token }));
  }
  const records = await openRecords(recordsLocation({ ...config, persistence: true }));
  try {
    const flags = await FeatureFlags.load(records.features, { persistence: config.persistence });
    return await use({ list: async () => flags.list(), set: (name, enabled) => flags.set(name, enabled) });
  } finally {
    await records.close();
    folder.release();
  }
}

function ofService(service: Parameters<typeof callService>[0]): Switchboard {
  return {
    list: async () => z.object({ items: z.array(Feature) }).parse(await callService(service, 'GET', '/features')).items,
    set: async (name, enabled) =>
      Feature.parse(await callService(service, 'PATCH', `/features/${encodeURIComponent(name)}`, { enabled })),
  };
}

function describe({ name, label, description, active, reason }: Feature): string {
  const state = active ? 'on ' : 'off';
  return `${state}  ${name.padEnd(20)} ${label}: ${description}${reason === null ? '' : ` (${reason})`}`;
}
