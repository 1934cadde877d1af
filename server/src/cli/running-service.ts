import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ApiClient } from '@wattkeeper/contract/client.ts';
import { getMe } from '@wattkeeper/contract/endpoints/access.ts';
import { getHealth } from '@wattkeeper/contract/endpoints/service.ts';
import type { Environment } from '../config/environment.ts';
import { LOCAL_DATABASE } from '../config/records-location.ts';
import { Config } from '../config/schema.ts';
import { Conflict, InvalidInput, messageOf, Unauthorized, Unavailable } from '../domain/errors.ts';
import { type Announcement, announcements, isInUse, realPath } from './announcement.ts';
import type { RunningService } from './service-api.ts';

/** The local address to use if the service listens on all addresses. */
const ANYWHERE = new Map([
  ['0.0.0.0', '127.0.0.1'],
  ['::', '[::1]'],
]);

/** Command-line options that select the service. */
export interface Given {
  readonly url?: string | undefined;
  readonly token?: string | undefined;
}

const TIMEOUT_MS = 10_000;
/** Time limit for the check that a server is Wattkeeper. */
const STRANGER_TIMEOUT_MS = 3_000;
/** Error codes if no process listens at the address. */
const NOT_THERE = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EADDRNOTAVAIL']);

/**
 * Finds the service that a command uses (docs/decisions/0033-commands-find-the-service.md): the one that `--url` names, else the one that runs at
 * the configured address or on the configured data folder, regardless of `persistence`. Returns null if none runs and the command may use the
 * data folder directly, under its lock.
 *
 * @throws Unauthorized if a service runs for which this user has no credentials; Unavailable if it does not respond, or if none runs and no data
 * is on disk; Conflict if the service at the address uses another data folder
 */
export async function runningService(
  config: Config,
  environment: Environment,
  given: Given = {},
): Promise<RunningService | null> {
  const token = given.token ?? environment.WATTKEEPER_TOKEN;
  if (given.url !== undefined) return named(config, environment, given.url, token);
  const folder = realPath(config.data_dir);
  const inUse = isInUse(folder);
  const mayWorkAlone = !inUse && existsSync(join(folder, LOCAL_DATABASE));
  for (const found of announcedFor(config, folder, announcements(config, environment))) {
    if (found.data_dir !== folder && mayWorkAlone) continue;
    if (!(await knows(found))) continue;
    if (found.data_dir !== folder && isChosen(config)) throw elsewhere(found, folder);
    return { url: found.url, token: token ?? found.token };
  }
  const url = mayWorkAlone || config.http.port === 0 ? null : await answeringAt(config);
  if (url !== null) return { url, token: token ?? config.auth.admin_token ?? refuse(url) };
  if (inUse) throw new Unavailable(`something uses the data folder ${folder}, but no service answers${at(config)}`);
  if (config.persistence) return null;
  throw new Unavailable(
    `no service answers${at(config)}, and with persistence: false there is nothing on disk to work on: start it, or give its address (http.port, --url)`,
  );
}

/** Like `runningService`, for commands that require a running service. */
export async function requireService(config: Config, environment: Environment, given: Given): Promise<RunningService> {
  const found = await runningService(config, environment, given);
  if (found !== null) return found;
  throw new Unavailable(`no service answers${at(config)}: start it, or give its address (http.port, --url)`);
}

function named(config: Config, environment: Environment, url: string, token: string | undefined): RunningService {
  if (!/^https?:\/\//.test(url) || !URL.canParse(url))
    throw new InvalidInput(`--url must be an address such as http://127.0.0.1:8001; got "${url}"`);
  const address = url.replace(/\/$/, '');
  const local = announcements(config, environment).find((one) => one.url === address);
  return { url: address, token: token ?? local?.token ?? config.auth.admin_token };
}

/** The services at the configured address or on the data folder, in this order: both, address only, data folder only. */
function announcedFor({ http }: Config, folder: string, all: readonly Announcement[]): Announcement[] {
  const rank = ({ url, data_dir }: Announcement) =>
    (http.port !== 0 && Number(new URL(url).port) === http.port ? 2 : 0) + (data_dir === folder ? 1 : 0);
  return all.filter((one) => rank(one) > 0).sort((a, b) => rank(b) - rank(a));
}

/** Whether the address still belongs to the service that wrote the secret: that process may have ended, and another may use its address. */
async function knows({ url, token }: Announcement): Promise<boolean> {
  const answer = await ask(new ApiClient(url).url(getMe), { authorization: `Bearer ${token}` });
  return answer !== null && getMe.answers[200].safeParse(answer).success;
}

/** The configured address if a Wattkeeper service of any user responds there, else null. */
async function answeringAt(config: Config): Promise<string | null> {
  const url = ownUrl(config);
  const answer = await ask(new ApiClient(url).url(getHealth), {}, STRANGER_TIMEOUT_MS).catch(() => null);
  return getHealth.answers[200].safeParse(answer).success ? url : null;
}

/** The JSON response; null if no process listens or the response is not JSON. */
async function ask(url: string, headers: Readonly<Record<string, string>>, timeoutMs = TIMEOUT_MS): Promise<unknown> {
  try {
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(timeoutMs) });
    return await response.json();
  } catch (error) {
    const { code } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException;
    if ((error as Error).name === 'TimeoutError') {
      throw new Unavailable(`${url} does not answer within ${timeoutMs / 1000} s`, { cause: error });
    }
    // The response may not be JSON or even HTTP.
    if (error instanceof SyntaxError || NOT_THERE.has(code ?? '') || code?.startsWith('HPE_')) return null;
    throw new Unavailable(`${url} cannot be asked: ${messageOf(error)}`, { cause: error });
  }
}

function isChosen({ data_dir }: Config): boolean {
  return data_dir !== Config.parse({}).data_dir;
}

function elsewhere({ url, data_dir }: Announcement, folder: string): Conflict {
  return new Conflict(
    `the service at ${url} has the data folder ${data_dir}, not ${folder}: say with --url or WATTKEEPER_DATA_DIR which one is meant, or set http.port to that of another`,
  );
}

function refuse(url: string): never {
  throw new Unauthorized(
    `a Wattkeeper runs at ${url}, but it does not let this user in: run the command as the user that started it, on the same machine (or in the same container), or give a token of it in WATTKEEPER_TOKEN`,
  );
}

function at(config: Config): string {
  return config.http.port === 0 ? '' : ` at ${ownUrl(config)}`;
}

/** Local URL of a service with this configuration, including the prefix, without a trailing slash. */
export function ownUrl({
  http: { host, port, prefix },
}: {
  http: Pick<Config['http'], 'host' | 'port' | 'prefix'>;
}): string {
  const name = ANYWHERE.get(host) ?? (host.includes(':') ? `[${host}]` : host);
  return `http://${name}:${port}${prefix.replace(/\/$/, '')}`;
}
