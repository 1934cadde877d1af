import { parseArgs } from 'node:util';
import { formatInstant } from '@wattkeeper/contract/common.ts';
import { Device, DeviceRemoved } from '@wattkeeper/contract/device.ts';
import { loadConfig } from '../config/load.ts';
import { InvalidInput } from '../domain/errors.ts';
import { requireService } from './running-service.ts';
import { callService, type RunningService } from './service-jobs.ts';
import { listOfService } from './service-lists.ts';

const HELP = `Lists, retires, reactivates and deletes devices of a running service.

Usage: npm start -- device ACTION [NAME] [OPTIONS]

  list
  retire NAME [--at TIME]       from then on (default: now) it does not count for its site; its readings before stay in every report
  reactivate NAME
  delete NAME [--confirm NAME]  with its readings, in every store and in the archive; a device that has readings needs its name again as --confirm

  --at TIME      such as 2026-03-10T06:00:00Z
  --url URL      of the service; default: the one that runs on this machine, which lets its user in
  --token TOKEN  API token with the scope write (delete: admin) for a service of somebody else; better in WATTKEEPER_TOKEN
  --config FILE  configuration to read instead of wattkeeper.yaml
  --json         print one JSON object with the result
  --help         this text`;

const OPTIONS = {
  at: { type: 'string' },
  confirm: { type: 'string' },
  url: { type: 'string' },
  token: { type: 'string' },
  config: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h' },
} as const;

/** `device list|retire|reactivate|delete`. Answers 0 when it is done. */
export async function deviceCommand(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  now: () => number = Date.now,
): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...argv], allowPositionals: true, options: OPTIONS });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const config = loadConfig({ file: values.config, environment });
  const service = await requireService(config, environment, values);
  const [action, name, ...rest] = positionals;
  if (rest.length > 0 || (action === 'list') !== (name === undefined)) throw usage(positionals);
  const items = await act(service, { action, name: name ?? '', confirm: values.confirm, at: values.at }, now);
  if (values.json) console.log(JSON.stringify({ items }));
  else for (const device of items) console.log(describe(device));
  return 0;
}

interface Action {
  readonly action: string | undefined;
  readonly name: string;
  readonly confirm: string | undefined;
  readonly at: string | undefined;
}

/** None is left; standard error says what becomes of the readings. */
async function remove(service: RunningService, path: string): Promise<Device[]> {
  const { name, job_id: job } = DeviceRemoved.parse(await callService(service, 'DELETE', path));
  console.error(
    `${name} is deleted; its readings are deleted by ${job === null ? 'a job that starts within minutes' : `job ${job}`}`,
  );
  return [];
}

/** The devices that were listed or changed. */
async function act(
  service: RunningService,
  { action, name, confirm, at }: Action,
  now: () => number,
): Promise<Device[]> {
  const path = `/devices/${encodeURIComponent(name)}`;
  const change = async (retired_at: string | null) => [
    Device.parse(await callService(service, 'PATCH', path, { retired_at })),
  ];
  switch (action) {
    case 'list':
      return listOfService(service, '/devices', Device);
    case 'retire':
      return change(at ?? formatInstant(now()));
    case 'reactivate':
      return change(null);
    case 'delete':
      return remove(service, confirm === undefined ? path : `${path}?confirm=${encodeURIComponent(confirm)}`);
    default:
      throw usage([action ?? '']);
  }
}

function usage(got: readonly string[]): InvalidInput {
  return new InvalidInput(`device does not know "${got.join(' ')}"\n\n${HELP}`);
}

function describe({ name, kind, status, last_reading_at, retired_at }: Device): string {
  const since = retired_at === null ? (last_reading_at ?? '') : `since ${retired_at}`;
  return `${status.padEnd(14)} ${kind.padEnd(15)} ${name}  ${since}`.trimEnd();
}
