import { existsSync } from 'node:fs';
import { access, constants, mkdir, statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import { ApiClient } from '@wattkeeper/contract/client.ts';
import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { getHealth } from '@wattkeeper/contract/endpoints/service.ts';
import { Health, HealthStatus } from '@wattkeeper/contract/service.ts';
import pino from 'pino';
import type { Config } from '../config/schema.ts';
import { ExpectedError, messageOf, Unauthorized, Unavailable } from '../domain/errors.ts';
import { BackupFolder } from '../storage/backup/backup-folder.ts';
import { type CommandDefinition, newCommand } from './command.ts';
import type { Invocation } from './invocation.ts';
import { ownUrl, runningService } from './running-service.ts';
import type { RunningService } from './service-api.ts';

interface Finding {
  readonly check: string;
  readonly status: 'ok' | 'warning' | 'failed';
  readonly detail: string;
}

const NODE_MAJOR = 24;
const MIN_FREE_BYTES = 1e9;
const MAX_BACKUP_AGE_MS = 3 * UTC_DAY_MS;
/** An earlier clock is wrong: this program did not exist then. */
const NOT_BEFORE = Date.UTC(2026, 0, 1);
const TIMEOUT_MS = 5_000;
const DRAIN_MS = 10_000;
const HealthAnswer = HealthStatus.extend(Health.pick({ warnings: true }).partial().shape);
const MARKS = { ok: 'ok      ', warning: 'warning ', failed: 'FAILED  ' } as const;

export const doctor: CommandDefinition = (run) =>
  newCommand('doctor')
    .description(
      `Checks the configuration, Node, the clock, the data folder and its disk, records and stores (or the running service), the port and the newest backup, and says how to correct what is wrong.

Ends with 1 when a check has failed.`,
    )
    .action((_, command) =>
      run(command, async (invocation) => {
        const findings: Finding[] = [];
        for await (const finding of examine(invocation)) {
          findings.push(finding);
          if (!invocation.options.json) console.log(`${MARKS[finding.status]}${finding.check}: ${finding.detail}`);
        }
        const healthy = findings.every(({ status }) => status !== 'failed');
        return { lines: [], json: { healthy, findings }, code: healthy ? 0 : 1 };
      }),
    );

async function* examine(invocation: Invocation): AsyncGenerator<Finding> {
  const major = Number(process.versions.node.split('.')[0]);
  yield major >= NODE_MAJOR
    ? ok('node', process.version)
    : failed('node', `${process.version}; it takes ${NODE_MAJOR} or newer: start with npm start, which brings one`);
  yield Date.now() >= NOT_BEFORE
    ? ok('clock', new Date().toISOString())
    : failed('clock', `${new Date().toISOString()} is in the past: set the clock by NTP, or readings get wrong days`);
  let config: Config;
  try {
    config = invocation.config;
    yield ok('configuration', 'every setting is known and allowed');
  } catch (error) {
    yield failed('configuration', messageOf(error));
    return;
  }
  if (!config.persistence) {
    yield warning('persistence', 'is off: everything lives in memory and is gone when the service stops');
    yield* examineService(invocation);
    return;
  }
  yield* examineService(invocation, () => examineStopped(config));
  if (!existsSync(config.data_dir)) return;
  yield await examineBackups(config);
}

async function* examineFolder({ data_dir }: Config): AsyncGenerator<Finding> {
  const path = resolve(data_dir);
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
    yield ok('data folder', path);
  } catch (error) {
    yield failed(
      'data folder',
      `${path} cannot be used: ${messageOf(error)}; set data_dir, or give this user the right to write`,
    );
    return;
  }
  const { bavail, blocks, bsize } = await statfs(path);
  const free = bavail * bsize;
  const detail = `${(free / 1e9).toFixed(1)} GB of ${((blocks * bsize) / 1e9).toFixed(1)} GB are free`;
  yield free >= MIN_FREE_BYTES ? ok('disk', detail) : warning('disk', `${detail}: make room, or move data_dir`);
}

/** Queries the running service. If none runs, examines the stores that a service would open. */
async function* examineService(
  { config, environment }: Invocation,
  stopped: (() => AsyncGenerator<Finding>) | null = null,
): AsyncGenerator<Finding> {
  try {
    const service = await runningService(config, environment);
    if (service) yield* askService(service);
    else if (stopped) yield* stopped();
  } catch (error) {
    if (error instanceof Unauthorized) yield* askService({ url: ownUrl(config), token: undefined });
    else if (!(error instanceof ExpectedError)) throw error;
    else if (config.persistence || !(error instanceof Unavailable)) yield failed('service', error.message);
    else yield warning('service', error.message);
  }
}

async function* examineStopped(config: Config): AsyncGenerator<Finding> {
  yield* examineFolder(config);
  yield* examineStores(config);
}

/** Opens all parts in the same way as the service. */
async function* examineStores(config: Config): AsyncGenerator<Finding> {
  const { openPipeline } = await import('../assembly/pipeline.ts');
  const log = pino({ level: 'silent' });
  try {
    const pipeline = await openPipeline({ config, log, now: Date.now, withoutStores: false });
    await pipeline.close(DRAIN_MS);
    yield ok('records and stores', config.stores.map(({ name }) => name).join(', '));
    yield await examinePort(config);
  } catch (error) {
    yield failed('records and stores', messageOf(error));
  }
}

/** Without a token the service reports only its status. */
async function* askService({ url, token }: RunningService): AsyncGenerator<Finding> {
  const address = new ApiClient(url).url(getHealth);
  try {
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const response = await fetch(address, { headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
    const { status, version, warnings = [] } = HealthAnswer.parse(await response.json());
    yield status === 'healthy'
      ? ok('service', `${version} runs at ${url}`)
      : failed('service', `at ${url} is ${status}`);
    for (const text of warnings) yield warning('service', text);
  } catch (error) {
    yield failed('service', `${address} does not answer: ${messageOf(error)}`);
  }
}

async function examinePort({ http }: Config): Promise<Finding> {
  const server = createServer();
  try {
    await new Promise<void>((done, refuse) => server.once('error', refuse).listen(http.port, http.host, done));
    return ok('port', `${http.host}:${http.port} is free`);
  } catch (error) {
    return failed(
      'port',
      `${http.host}:${http.port} cannot be used: ${messageOf(error)}; stop what has it, or set http.port`,
    );
  } finally {
    server.close();
  }
}

async function examineBackups(config: Config): Promise<Finding> {
  const { backupFolder } = await import('../assembly/backups.ts');
  const folder = new BackupFolder(backupFolder(config));
  const [newest] = await folder.list();
  if (newest === undefined) {
    return warning('backup', 'there is none yet: npm start -- backup makes one, and the service makes one every night');
  }
  if (newest.problem !== null) return failed('backup', `${newest.name} cannot be relied on: ${newest.problem}`);
  const age = Date.now() - Date.parse(newest.finished_at);
  const detail = `the newest is of ${newest.finished_at}${newest.verified_at === null ? ', not verified yet' : ''}`;
  return age > MAX_BACKUP_AGE_MS ? warning('backup', `${detail}: see whether the job runs`) : ok('backup', detail);
}

function ok(check: string, detail: string): Finding {
  return { check, status: 'ok', detail };
}

function warning(check: string, detail: string): Finding {
  return { check, status: 'warning', detail };
}

function failed(check: string, detail: string): Finding {
  return { check, status: 'failed', detail };
}
