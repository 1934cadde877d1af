import { fileURLToPath } from 'node:url';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { FolderRecovery } from './assembly/folder-recovery.ts';
import { createJobs } from './assembly/jobs.ts';
import { followPersistenceFlag } from './assembly/persistence-switch.ts';
import { openPipeline, type Pipeline } from './assembly/pipeline.ts';
import { registerApi } from './assembly/routes.ts';
import type { ServiceParts } from './assembly/service-parts.ts';
import { createServices, type Services } from './assembly/services.ts';
import type { Config } from './config/schema.ts';
import { VERSION } from './config/version.ts';
import { Conflict, InvalidInput, messageOf } from './domain/errors.ts';
import { toJob } from './domain/job-run.ts';
import type { OnProgress } from './domain/progress.ts';
import type { AuthService } from './features/auth/service.ts';
import type { DemoControl } from './features/demo/demo-control.ts';
import { influxRoutes } from './features/ingest/influx/routes.ts';
import type { PersistenceChange } from './features/settings/persistence-change.ts';
import { prometheusRegistry } from './features/system/prometheus.ts';
import { serviceRoutes } from './features/system/routes.ts';
import type { Api } from './http/api.ts';
import type { FrontDoor } from './http/front-door.ts';
import { announceLists } from './http/live/list-news.ts';
import { LiveStates } from './http/live/live-states.ts';
import { LiveStream } from './http/live/live-stream.ts';
import { registerSecurity } from './http/security.ts';
import { createServer } from './http/server.ts';
import { ModelPool } from './jobs/model-pool.ts';
import { Scheduler } from './jobs/scheduler.ts';

/** A running service. */
export interface App {
  /** Base URL, including the prefix, such as `http://127.0.0.1:8001`. */
  readonly url: string;
  readonly pipeline: Pipeline;
  readonly auth: AuthService;
  /** Stops accepting requests, writes accepted readings to disk and closes all parts. Takes at most about 10 s. */
  close(): Promise<void>;
  /** Like `close`, but the address stays open for the application that replaces this one. */
  retire(): Promise<void>;
}

const WEB_FOLDER = fileURLToPath(new URL('../../web/dist', import.meta.url));
/** Time limits within the 10 s of a stop: for requests in progress, and for the stores to catch up. */
const REQUESTS_MS = 2_000;
const DRAIN_MS = 5_000;
/** Maximum number of active anomalies in a snapshot of the live stream. */
const MAX_ANOMALIES_SHOWN = 100;
const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

export interface StartOptions {
  readonly config: Config;
  readonly log: Logger;
  /** Called with the generated share of the demo's history, 0 to 1. */
  readonly onDemoProgress?: OnProgress;
  readonly now?: () => number;
  /** Token with which commands of the local user access the API. */
  readonly localToken?: string | undefined;
  /** The listening address. It is already open when this application replaces another one. */
  readonly door: FrontDoor;
  readonly change: PersistenceChange;
  /** Called after all data has been moved to the folder that replaces a removed one: retire this application and start one on that folder. */
  readonly onMoved: () => void;
  /** Replaces this memory-only application with one that uses the data folder. */
  readonly startNext: () => Promise<void>;
}

/** Builds each part once, in the order of the data flow, and starts listening. Throws expected errors whose message names the remedy. */
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
  const models = new ModelPool();
  let demo: DemoControl | undefined;
  try {
    await requireCredentials(config, pipeline);
    const recovery = new FolderRecovery({ pipeline, config, log, now, onMoved });
    const schedulerState = () => scheduler.state;
    const parts = { pipeline, models, config, log, now, startedAt, localToken, recovery, schedulerState };
    const services = await createServices(parts);
    demo = services.demo;
    const isDemo = pipeline.flags.isActive('demo');
    if (isDemo) await demo.open();
    const startDemo = followDemoFlag(services.demo, pipeline.flags, log);
    const { live, states, scheduler } = createLive(parts, services);
    const server = await createHttp({ ...parts, services, live, scheduler, change });
    const url = await listen(server, door, config, () => live.close());
    await scheduler.start();
    followPersistenceFlag({
      pipeline,
      config,
      log,
      now,
      change,
      door,
      application: server.server,
      scheduler,
      startNext,
    });
    recovery.start();
    // The service accepts requests while the history is generated.
    if (isDemo) startDemo(onDemoProgress);
    const end = async (endRequests: () => Promise<void>) => {
      await recovery.close();
      await services.demo.stop();
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
      auth: services.auth,
      close: () => end(() => door.close(REQUESTS_MS)),
      retire: () => end(() => door.leave(server.server, REQUESTS_MS)),
    };
  } catch (error) {
    await demo?.stop();
    await models.close();
    await pipeline.close(0);
    throw error;
  }
}

interface HttpParts extends ServiceParts {
  readonly services: Services;
  readonly live: LiveStream;
  readonly scheduler: Scheduler;
  readonly change: PersistenceChange;
}

function createHttp(parts: HttpParts): Promise<FastifyInstance> {
  const { config, log, now, pipeline, services, live } = parts;
  const { auth, monitor } = services;
  const { max_body_bytes: maxBodyBytes } = config.http;
  const { device_tags: deviceTags, label_tags: labelTags } = config.ingest;
  return createServer({
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
      serviceRoutes(
        app,
        monitor,
        prometheusRegistry(monitor, () => live.clientCount),
      );
      await app.register(async (influx) =>
        influxRoutes(influx as unknown as Api, pipeline.intake, { deviceTags, labelTags, maxBodyBytes, now }),
      );
    },
    apiRoutes: (api) => registerApi(api, { ...parts, maxBodyBytes }),
  });
}

/** Creates the live stream with its states, and the scheduler, whose runs the stream reports. */
function createLive({ pipeline, config, log, now, startedAt }: ServiceParts, services: Services) {
  const { records, directory, ingest } = pipeline;
  const live: LiveStream = new LiveStream(
    {
      latest: ingest.latest,
      subscribe: (listener) => ingest.live.subscribe(listener),
      deviceId: (idOrName) => directory.find(idOrName)?.id,
      rights: services.auth,
      snapshot: (topic) => (topic === 'jobs' ? scheduler.runs().map(toJob) : states.snapshot(topic)),
    },
    startedAt,
  );
  const states = new LiveStates({
    health: () => services.monitor.health(),
    anomalies: () => services.anomalies.active({ limit: MAX_ANOMALIES_SHOWN }),
    publish: (topic, data) => live.publish(topic, data),
    onError: (error) => log.warn({ err: error }, 'the live state could not be read'),
  });
  const scheduler = new Scheduler(createJobs(pipeline, services, config, now), {
    runs: records.jobRuns,
    timeZone: async () => (await records.sites.preferred()).timezone,
    now,
    onChange: (run) => live.publish('jobs', toJob(run)),
    onError: (job, error) => log.error({ err: error, job }, `job ${job} failed`),
  });
  services.anomalies.subscribe((anomaly) => live.publish('anomalies', anomaly));
  announceLists(records, (list, data) => live.publish(list, data));
  return { live, states, scheduler };
}

/** Starts and stops the demo when its flag changes. Returns a function that starts it. */
function followDemoFlag(demo: DemoControl, flags: Pipeline['flags'], log: Logger) {
  const start = (onProgress?: OnProgress) => {
    demo.start(onProgress).then(
      () => {
        if (demo.sources().length > 0) log.info("the demo's history is complete");
      },
      (error: unknown) => log.error({ err: error }, 'the demo could not be started'),
    );
  };
  flags.onSwitch('demo', async (active) => {
    if (active) start();
    else await demo.stop();
  });
  return start;
}

/** Requires credentials before the service listens on an address other than loopback. */
async function requireCredentials({ http, auth }: Config, { records }: Pipeline): Promise<void> {
  if (LOOPBACK.has(http.host) || auth.admin_token !== undefined) return;
  const users = await records.users.list();
  if (users.some(({ passwordHash }) => passwordHash !== null)) return;
  throw new InvalidInput(
    `http.host is ${http.host}, which others can reach, but nobody has credentials yet: set auth.admin_token (WATTKEEPER_AUTH__ADMIN_TOKEN or …_FILE), or make a user with \`npm start -- user add\`, or listen on 127.0.0.1`,
  );
}

/** Connects the application to the front door, which it first opens at the configured address if necessary. Returns the base URL. */
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
