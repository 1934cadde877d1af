import { fileURLToPath } from 'node:url';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Config } from './config/schema.ts';
import { VERSION } from './config/version.ts';
import { Conflict, InvalidInput, messageOf } from './domain/errors.ts';
import { toJob } from './domain/job-run.ts';
import { AuthService } from './features/auth/auth-service.ts';
import { DemoControl } from './features/demo/demo-control.ts';
import { DemoService } from './features/demo/demo-service.ts';
import { influxRoutes } from './features/ingest/influx-routes.ts';
import { prometheusRegistry } from './features/system/prometheus.ts';
import { serviceRoutes } from './features/system/routes.ts';
import { StorageMonitor } from './features/system/storage-monitor.ts';
import { FolderRecovery } from './folder-recovery.ts';
import type { Api } from './http/api.ts';
import { announceLists } from './http/live/list-news.ts';
import { LiveStream } from './http/live/live-stream.ts';
import { registerSecurity } from './http/security.ts';
import { createServer } from './http/server.ts';
import { ModelPool } from './jobs/model-pool.ts';
import { Scheduler } from './jobs/scheduler.ts';
import { obeyPersistence } from './persistence.ts';
import { openPipeline, type Pipeline } from './pipeline.ts';
import { registerApi } from './routes.ts';
import { createServices, type Services, scheduledJobs } from './services.ts';
import type { Source } from './sources/source.ts';
/** A running service. */
export interface App {
  /** Where it answers: `http://127.0.0.1:8001`, with the prefix. */
  readonly url: string;
  readonly pipeline: Pipeline;
  readonly auth: AuthService;
  /** Stops taking requests, brings what was taken to disk and closes everything; at most about 10 s. */
  close(): Promise<void>;
}

const WEB_FOLDER = fileURLToPath(new URL('../../web/dist', import.meta.url));
/** Of the 10 s that a stop may take, requests in progress get this much, and the stores to catch up. */
const REQUESTS_MS = 2_000;
const DRAIN_MS = 5_000;
const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

export interface StartOptions {
  readonly config: Config;
  readonly log: Logger;
  /** Told the share of the demo's history that is made, 0 to 1. */
  readonly onDemoProgress?: (share: number) => void;
  readonly now?: () => number;
  /** Opens the API to the commands of this machine's user. */
  readonly localToken?: string | undefined;
  /** Called when everything has been moved to a data folder, which there was not or which was removed: close the service and start it on that. */
  readonly onMoved?: () => void;
}

/** Builds every part once, in the order in which data flows, and listens. Throws expected errors that say what to do. */
export async function startApp({
  config,
  log,
  onDemoProgress = () => {},
  onMoved = () => {},
  localToken,
  now = Date.now,
}: StartOptions): Promise<App> {
  const startedAt = now();
  const pipeline = await openPipeline({ config, log, now, withoutStores: true });
  let demo: DemoControl | undefined;
  try {
    await refuseOpenDoor(config, pipeline);
    demo = await startDemo({ config, log, pipeline, now, onDemoProgress });
    const recovery = new FolderRecovery({ pipeline, config, log, now, onMoved });
    const app = await serve({ config, log, now, startedAt, pipeline, recovery, localToken, sources: demo.sources });
    obeyPersistence({ pipeline, config, now, onMoved });
    recovery.start();
    return {
      ...app,
      close: async () => {
        await recovery.close();
        await demo?.stop();
        await app.close();
      },
    };
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
  readonly sources: () => readonly Source[];
}

async function serve({
  config,
  log,
  now,
  startedAt,
  pipeline,
  recovery,
  localToken,
  sources,
}: ServeOptions): Promise<App> {
  const { records } = pipeline;
  const auth = new AuthService({
    records,
    adminToken: config.auth.admin_token,
    localToken,
    cookiePath: config.http.prefix || '/',
    publicUrl: config.http.public_url,
    now,
    warn: (message) => log.warn(message),
  });
  const models = new ModelPool();
  const services = await createServices(pipeline, models, config, log, now);
  const { live, scheduler } = createNews({ config, pipeline, services, auth, log, now, startedAt });
  const monitor = createMonitor({ config, pipeline, recovery, services, now, startedAt }, scheduler);
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
      registerApi(api, { pipeline, services, auth, monitor, live, scheduler, sources, now, maxBodyBytes }),
  });
  const url = await listen(server, config, () => live.close());
  await scheduler.start();
  return {
    url,
    pipeline,
    auth,
    close: async () => {
      live.close();
      await scheduler.close();
      await models.close();
      const requests = setTimeout(() => server.server.closeAllConnections(), REQUESTS_MS);
      await server.close();
      clearTimeout(requests);
      await pipeline.close(DRAIN_MS);
    },
  };
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
) {
  const { config, pipeline, services, auth, log, now, startedAt } = parts;
  const { records, directory, ingest } = pipeline;
  const live: LiveStream = new LiveStream(
    {
      latest: ingest.latest,
      subscribe: (listener) => ingest.live.subscribe(listener),
      deviceId: (idOrName) => directory.find(idOrName)?.id,
      rights: auth,
      snapshot: (topic) => (topic === 'jobs' ? scheduler.runs().map(toJob) : null),
    },
    startedAt,
  );
  const scheduler = new Scheduler(scheduledJobs(pipeline, services, config, now), {
    runs: records.jobs,
    timeZone: async () => (await records.sites.preferred()).timezone,
    now,
    onChange: (run) => live.publish('jobs', toJob(run)),
    onError: (job, error) => log.error({ err: error, job }, `job ${job} failed`),
  });
  services.anomalies.subscribe((anomaly) => live.publish('anomalies', anomaly));
  announceLists(records, (list, data) => live.publish(list, data));
  return { live, scheduler };
}

async function startDemo(options: {
  config: Config;
  log: Logger;
  pipeline: Pipeline;
  now: () => number;
  onDemoProgress: (share: number) => void;
}): Promise<DemoControl> {
  const { config, log, pipeline, now, onDemoProgress } = options;
  const { records, directory, intake, flags } = pipeline;
  const { enabled, history_days: historyDays, profile, seed } = config.demo;
  const warn = (message: string) => log.warn(message);
  const demo = new DemoControl(
    new DemoService({ records, directory, intake, now, enabled, historyDays, profile, seed, warn }),
  );
  flags.onSwitch('demo', async (active) => {
    if (!active) return demo.stop();
    demo.start().catch((error: unknown) => log.error({ err: error }, 'the demo could not be started'));
  });
  if (flags.isActive('demo')) await demo.start(onDemoProgress);
  return demo;
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

async function listen(server: FastifyInstance, { http }: Config, onFailure: () => void): Promise<string> {
  try {
    const address = await server.listen({ host: http.host, port: http.port });
    return `${address}${http.prefix.replace(/\/$/, '')}`;
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
