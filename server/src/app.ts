import type { Server } from 'node:http';
import { fileURLToPath } from 'node:url';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { FolderRecovery } from './assembly/folder-recovery.ts';
import { obeyPersistence } from './assembly/persistence.ts';
import { openPipeline, type Pipeline } from './assembly/pipeline.ts';
import { registerApi } from './assembly/routes.ts';
import { createServices, type Services, scheduledJobs } from './assembly/services.ts';
import type { Config } from './config/schema.ts';
import { VERSION } from './config/version.ts';
import { Conflict, InvalidInput, messageOf } from './domain/errors.ts';
import { toJob } from './domain/job-run.ts';
import { AuthService } from './features/auth/service.ts';
import { DemoControl } from './features/demo/demo-control.ts';
import { DemoService } from './features/demo/service.ts';
import { influxRoutes } from './features/ingest/influx/routes.ts';
import type { PersistenceChange } from './features/settings/persistence-change.ts';
import { prometheusRegistry } from './features/system/prometheus.ts';
import { serviceRoutes } from './features/system/routes.ts';
import { StorageMonitor } from './features/system/storage-monitor.ts';
import type { Api } from './http/api.ts';
import type { FrontDoor } from './http/front-door.ts';
import { announceLists } from './http/live/list-news.ts';
import { LiveStates } from './http/live/live-states.ts';
import { LiveStream } from './http/live/live-stream.ts';
import { registerSecurity } from './http/security.ts';
import { createServer } from './http/server.ts';
import { ModelPool } from './jobs/model-pool.ts';
import { Scheduler } from './jobs/scheduler.ts';
import type { Source } from './sources/source-port.ts';
/** A running service. */
export interface App {
  /** Where it answers: `http://127.0.0.1:8001`, with the prefix. */
  readonly url: string;
  readonly pipeline: Pipeline;
  readonly auth: AuthService;
  /** Stops taking requests, brings what was taken to disk and closes everything; at most about 10 s. */
  close(): Promise<void>;
  /** The same, but for the door: another application answers in its place, or will. */
  retire(): Promise<void>;
}

const WEB_FOLDER = fileURLToPath(new URL('../../web/dist', import.meta.url));
/** Of the 10 s that a stop may take, requests in progress get this much, and the stores to catch up. */
const REQUESTS_MS = 2_000;
const DRAIN_MS = 5_000;
/** Active anomalies in a snapshot of the live stream. */
const MAX_ANOMALIES_SHOWN = 100;
const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

export interface StartOptions {
  readonly config: Config;
  readonly log: Logger;
  /** Told the share of the demo's history that is made, 0 to 1. */
  readonly onDemoProgress?: (share: number) => void;
  readonly now?: () => number;
  /** Opens the API to the commands of this machine's user. */
  readonly localToken?: string | undefined;
  /** Listens already where another application has answered. */
  readonly door: FrontDoor;
  readonly change: PersistenceChange;
  /** Called when everything has been moved to the folder that takes the place of a removed one: retire this application and start one on that. */
  readonly onMoved: () => void;
  /** Starts an application on the data folder in the place of this one, which has none. */
  readonly startNext: () => Promise<void>;
}

/** Builds every part once, in the order in which data flows, and listens. Throws expected errors that say what to do. */
export async function startApp({
  config,
  log,
  onDemoProgress = () => {},
  door,
  change,
  onMoved,
  startNext,
  localToken,
  now = Date.now,
}: StartOptions): Promise<App> {
  const startedAt = now();
  const pipeline = await openPipeline({ config, log, now, withoutStores: true });
  let demo: DemoControl | undefined;
  try {
    await refuseOpenDoor(config, pipeline);
    demo = createDemo({ config, log, pipeline, now });
    const recovery = new FolderRecovery({ pipeline, config, log, now, onMoved });
    const parts = { config, log, now, startedAt, pipeline, recovery, localToken, door, change };
    const { scheduler, application, ...app } = await serve({ ...parts, sources: demo.sources });
    obeyPersistence({ pipeline, config, log, now, change, door, application, scheduler, startNext });
    recovery.start();
    // The service answers while the history is made.
    if (pipeline.flags.isActive('demo')) startDemo(demo, log, onDemoProgress);
    const ended = async (end: () => Promise<void>) => {
      await recovery.close();
      await demo?.stop();
      await end();
    };
    return { ...app, close: () => ended(app.close), retire: () => ended(app.retire) };
  } catch (error) {
    await demo?.stop();
    await pipeline.close(0);
    throw error;
  }
}

interface ServeOptions {
  readonly config: Config;
  readonly log: Logger;
  readonly now: () => number;
  readonly startedAt: number;
  readonly pipeline: Pipeline;
  readonly recovery: FolderRecovery;
  readonly localToken: string | undefined;
  readonly door: FrontDoor;
  readonly change: PersistenceChange;
  readonly sources: () => readonly Source[];
}

async function serve(
  options: ServeOptions,
): Promise<App & { readonly scheduler: Scheduler; readonly application: Server }> {
  const { config, log, now, startedAt, pipeline, recovery, door, change, sources } = options;
  const auth = createAuth(options);
  const models = new ModelPool();
  const services = await createServices(pipeline, models, config, log, now);
  const { live, scheduler } = createNews({ config, pipeline, services, auth, log, now, startedAt }, () => states);
  const monitor = createMonitor({ config, pipeline, recovery, services, now, startedAt }, scheduler);
  const states = createStates({ monitor, services, live, log });
  const registry = prometheusRegistry(monitor, () => live.clientCount);
  const { max_body_bytes: maxBodyBytes } = config.http;
  const server = await createServer({
    version: VERSION,
    prefix: config.http.prefix,
    maxBodyBytes,
    trustProxy: config.http.trust_proxy,
    webFolder: WEB_FOLDER,
    logger: log,
    secure: (app) =>
      registerSecurity(app, auth, {
        corsOrigins: config.http.cors_origins,
        publicUrl: config.http.public_url,
        allowedHosts: config.http.allowed_hosts,
      }),
    rootRoutes: async (app) => {
      serviceRoutes(app, monitor, registry);
      const { device_tags: deviceTags, label_tags: labelTags } = config.ingest;
      await app.register(async (influx) =>
        influxRoutes(influx as unknown as Api, pipeline.intake, { deviceTags, labelTags, maxBodyBytes, now }),
      );
    },
    apiRoutes: (api) =>
      registerApi(api, { pipeline, services, auth, monitor, live, scheduler, change, sources, now, maxBodyBytes }),
  });
  const url = await listen(server, door, config, () => live.close());
  await scheduler.start();
  const end = async (endRequests: () => Promise<void>) => {
    states.close();
    live.close();
    await scheduler.close();
    await models.close();
    await endRequests();
    await server.close();
    await pipeline.close(DRAIN_MS);
  };
  return {
    url,
    pipeline,
    auth,
    scheduler,
    application: server.server,
    close: () => end(() => door.close(REQUESTS_MS)),
    retire: () => end(() => door.leave(server.server, REQUESTS_MS)),
  };
}

function createAuth({ config, log, now, pipeline: { records }, localToken }: ServeOptions): AuthService {
  return new AuthService({
    records,
    adminToken: config.auth.admin_token,
    localToken,
    cookiePath: config.http.prefix || '/',
    publicUrl: config.http.public_url,
    now,
    warn: (message) => log.warn(message),
  });
}

function auditWarnings({ auditLog: { waiting } }: Pipeline['records']): string[] {
  return waiting > 0 ? [`${waiting} entries of the audit log cannot be written at present; they wait in memory`] : [];
}

function createMonitor(
  parts: Pick<ServeOptions, 'config' | 'pipeline' | 'recovery' | 'now' | 'startedAt'> & { services: Services },
  scheduler: Scheduler,
): StorageMonitor {
  const { config, pipeline, recovery, services, now, startedAt } = parts;
  const { records, directory, ingest } = pipeline;
  return new StorageMonitor({
    version: VERSION,
    persistence: () => config.persistence && ingest.persists,
    stores: pipeline.stores,
    window: pipeline.window,
    queries: pipeline.queries,
    gapOf: (store) => services.filling.healthOf(store),
    ingest,
    journal: pipeline.journal,
    journalHistory: () => pipeline.history?.status() ?? null,
    seriesCount: () => directory.seriesCount,
    recordsHealth: () => records.health(),
    scheduler: () => scheduler.state,
    modelsLoaded: () => services.modelsLoaded(),
    disk: services.disk,
    warnings: () => [
      ...auditWarnings(records),
      ...(services.backups?.warnings() ?? []),
      ...(pipeline.history?.warnings() ?? []),
      ...recovery.warnings(),
      ...(pipeline.lost === null ? [] : [pipeline.lost]),
      ...(pipeline.setAside.damage === null
        ? []
        : [`values that stores could not take cannot be read: ${pipeline.setAside.damage}`]),
    ],
    now,
    startedAt,
  });
}

/** The scheduler and the live stream, which reports the runs of jobs. */
function createNews(
  parts: Pick<ServeOptions, 'config' | 'pipeline' | 'log' | 'now' | 'startedAt'> & {
    services: Services;
    auth: AuthService;
  },
  states: () => LiveStates,
) {
  const { config, pipeline, services, auth, log, now, startedAt } = parts;
  const { records, directory, ingest } = pipeline;
  const live: LiveStream = new LiveStream(
    {
      latest: ingest.latest,
      subscribe: (listener) => ingest.live.subscribe(listener),
      deviceId: (idOrName) => directory.find(idOrName)?.id,
      rights: auth,
      snapshot: (topic) => (topic === 'jobs' ? scheduler.runs().map(toJob) : states().snapshot(topic)),
    },
    startedAt,
  );
  const scheduler = new Scheduler(scheduledJobs(pipeline, services, config, now), {
    runs: records.jobRuns,
    timeZone: async () => (await records.sites.preferred()).timezone,
    now,
    onChange: (run) => live.publish('jobs', toJob(run)),
    onError: (job, error) => log.error({ err: error, job }, `job ${job} failed`),
  });
  services.anomalies.subscribe((anomaly) => live.publish('anomalies', anomaly));
  announceLists(records, (list, data) => live.publish(list, data));
  return { live, scheduler };
}

function createStates({
  monitor,
  services,
  live,
  log,
}: {
  monitor: StorageMonitor;
  services: Services;
  live: LiveStream;
  log: Logger;
}): LiveStates {
  return new LiveStates({
    health: () => monitor.health(),
    anomalies: () => services.anomalies.active({ limit: MAX_ANOMALIES_SHOWN }),
    publish: (topic, data) => live.publish(topic, data),
    onError: (error) => log.warn({ err: error }, 'the live state could not be read'),
  });
}

function createDemo({
  config,
  log,
  pipeline,
  now,
}: Pick<ServeOptions, 'config' | 'log' | 'pipeline' | 'now'>): DemoControl {
  const { records, directory, intake, flags } = pipeline;
  const { enabled, history_days: historyDays, profile, seed } = config.demo;
  const warn = (message: string) => log.warn(message);
  const demo = new DemoControl(
    new DemoService({ records, directory, intake, now, enabled, historyDays, profile, seed, warn }),
  );
  flags.onSwitch('demo', async (active) => {
    if (active) startDemo(demo, log);
    else await demo.stop();
  });
  return demo;
}

function startDemo(demo: DemoControl, log: Logger, onProgress?: (share: number) => void): void {
  demo.start(onProgress).then(
    () => log.info("the demo's history is complete"),
    (error: unknown) => log.error({ err: error }, 'the demo could not be started'),
  );
}

/** Beyond loopback nobody may come in without credentials. */
async function refuseOpenDoor({ http, auth }: Config, { records }: Pipeline): Promise<void> {
  if (LOOPBACK.has(http.host) || auth.admin_token !== undefined) return;
  const users = await records.users.list();
  if (users.some(({ passwordHash }) => passwordHash !== null)) return;
  throw new InvalidInput(
    `http.host is ${http.host}, which others can reach, but nobody has credentials yet: set auth.admin_token (WATTKEEPER_AUTH__ADMIN_TOKEN or …_FILE), or make a user with \`npm start -- user add\`, or listen on 127.0.0.1`,
  );
}

/** Lets the application answer: at the door where that is open already, else at the configured address. */
async function listen(
  server: FastifyInstance,
  door: FrontDoor,
  { http }: Config,
  onFailure: () => void,
): Promise<string> {
  await server.ready();
  try {
    if (door.url === null) await door.listen(http.host, http.port);
    door.open(server.server);
    return `${door.url}${http.prefix.replace(/\/$/, '')}`;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    onFailure();
    await server.close();
    if (code === 'EADDRINUSE') {
      throw new Conflict(
        `port ${http.port} on ${http.host} is in use by another program: stop it, or set http.port (WATTKEEPER_HTTP__PORT) to a free one`,
        { cause: error },
      );
    }
    throw new InvalidInput(`cannot listen on ${http.host}:${http.port}: ${messageOf(error)}`, { cause: error });
  }
}
