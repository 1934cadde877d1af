import { fileURLToPath } from 'node:url';
import { formatInstant } from '@wattkeeper/contract/common.ts';
import type { SourceHealth } from '@wattkeeper/contract/service.ts';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { createBackups } from './backups.ts';
import type { Config } from './config/schema.ts';
import { VERSION } from './config/version.ts';
import { Conflict, InvalidInput, messageOf, Unavailable } from './domain/errors.ts';
import { toJob } from './domain/job-run.ts';
import { UTC_DAY_MS } from './domain/window.ts';
import { archiveJob } from './features/archive/job.ts';
import { archiveRoutes } from './features/archive/routes.ts';
import { AuthService } from './features/auth/auth-service.ts';
import { authRoutes } from './features/auth/routes.ts';
import { backfillJob } from './features/backfill/job.ts';
import { backfillRoutes } from './features/backfill/routes.ts';
import { backupJobs } from './features/backup/jobs.ts';
import { backupRoutes } from './features/backup/routes.ts';
import type { BackupService } from './features/backup/service.ts';
import { retrainingJob } from './features/baseline/job.ts';
import { baselineRoutes } from './features/baseline/routes.ts';
import { BaselineService } from './features/baseline/service.ts';
import { chargingJob } from './features/charging/job.ts';
import { chargingRoutes } from './features/charging/routes.ts';
import { ChargingService } from './features/charging/service.ts';
import { DemoService } from './features/demo/demo-service.ts';
import { deviceRoutes } from './features/devices/routes.ts';
import { energyRoutes } from './features/energy/routes.ts';
import { EnergyService } from './features/energy/service.ts';
import { importRoutes } from './features/ingest/import-routes.ts';
import { influxRoutes } from './features/ingest/influx-routes.ts';
import { ingestRoutes } from './features/ingest/routes.ts';
import { jobRoutes } from './features/jobs/routes.ts';
import { kpiRoutes } from './features/kpi/routes.ts';
import { KpiService } from './features/kpi/service.ts';
import { metricRoutes } from './features/metrics/routes.ts';
import { qualityJob } from './features/quality/job.ts';
import { qualityRoutes } from './features/quality/routes.ts';
import { QualityService } from './features/quality/service.ts';
import { reportsJob } from './features/reports/job.ts';
import { reportRoutes } from './features/reports/routes.ts';
import { ReportService } from './features/reports/service.ts';
import { FeatureFlags } from './features/settings/feature-flags.ts';
import { settingsRoutes } from './features/settings/routes.ts';
import { SettingsService } from './features/settings/settings-service.ts';
import { siteRoutes } from './features/sites/routes.ts';
import { cleanUpJob, compactionJob } from './features/system/jobs.ts';
import { prometheusRegistry } from './features/system/prometheus.ts';
import { QuarantineService } from './features/system/quarantine-service.ts';
import { serviceRoutes, systemRoutes } from './features/system/routes.ts';
import { type MeteredStore, StorageMonitor } from './features/system/storage-monitor.ts';
import { tariffRoutes } from './features/tariffs/routes.ts';
import { TariffService } from './features/tariffs/service.ts';
import { telemetryRoutes } from './features/telemetry/routes.ts';
import { TelemetryService } from './features/telemetry/telemetry-service.ts';
import type { Api } from './http/api.ts';
import { LiveStream } from './http/live-stream.ts';
import { registerSecurity } from './http/security.ts';
import { createServer } from './http/server.ts';
import type { JobDefinition } from './jobs/job.ts';
import { Scheduler } from './jobs/scheduler.ts';
import { openPipeline, type Pipeline } from './pipeline.ts';
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
/** Of the 10 s that a stop may take, the stores get this much to catch up. */
const DRAIN_MS = 7_000;
const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

export interface StartOptions {
  readonly config: Config;
  readonly log: Logger;
  /** Told the share of the demo's history that is made, 0 to 1. */
  readonly onDemoProgress?: (share: number) => void;
  readonly now?: () => number;
}

/** Builds every part once, in the order in which data flows, and listens. Throws expected errors that say what to do. */
export async function startApp({ config, log, onDemoProgress = () => {}, now = Date.now }: StartOptions): Promise<App> {
  const startedAt = now();
  const pipeline = await openPipeline({ config, log, now, withoutStores: true });
  const stopping = new AbortController();
  try {
    await refuseOpenDoor(config, pipeline);
    const demo = await startDemo({ config, log, pipeline, now, onDemoProgress, signal: stopping.signal });
    const app = await serve({ config, log, now, startedAt, pipeline, sources: demo.sources });
    return {
      ...app,
      close: async () => {
        stopping.abort();
        await demo.ended;
        await app.close();
      },
    };
  } catch (error) {
    stopping.abort();
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
  readonly sources: readonly Source[];
}

async function serve({ config, log, now, startedAt, pipeline, sources }: ServeOptions): Promise<App> {
  const { records, directory, ingest } = pipeline;
  const auth = new AuthService({
    records,
    adminToken: config.auth.admin_token,
    cookiePath: config.http.prefix || '/',
    now,
    warn: (message) => log.warn(message),
  });
  const services = await createServices(pipeline, config, now);
  const monitor = new StorageMonitor({
    version: VERSION,
    persistence: config.persistence,
    stores: pipeline.stores,
    window: pipeline.window,
    ingest,
    journal: pipeline.journal,
    seriesCount: () => directory.all().reduce((sum, { id }) => sum + directory.metricsOf(id).length, 0),
    recordsHealth: () => records.health(),
    warnings: () => services.backups?.warnings() ?? [],
    now,
    startedAt,
  });
  const { live, scheduler } = createNews({ config, pipeline, services, log, now, startedAt });
  const registry = prometheusRegistry(monitor, () => live.clientCount);
  const server = await createServer({
    version: VERSION,
    prefix: config.http.prefix,
    maxBodyBytes: config.http.max_body_bytes,
    trustProxy: config.http.trust_proxy,
    webFolder: WEB_FOLDER,
    logger: log,
    secure: (app) =>
      registerSecurity(app, auth, { corsOrigins: config.http.cors_origins, publicUrl: config.http.public_url }),
    rootRoutes: async (app) => {
      serviceRoutes(app, monitor, registry);
      const { device_tags: deviceTags, label_tags: labelTags } = config.ingest;
      const { max_body_bytes: maxBodyBytes } = config.http;
      await app.register(async (influx) =>
        influxRoutes(influx as unknown as Api, pipeline.intake, { deviceTags, labelTags, maxBodyBytes, now }),
      );
    },
    apiRoutes: (api) => registerApi(api, { pipeline, services, auth, monitor, live, scheduler, sources, now }),
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
      await server.close();
      await pipeline.close(DRAIN_MS);
    },
  };
}

/** The scheduler and the live stream, which tells how jobs are doing. */
function createNews(
  parts: Pick<ServeOptions, 'config' | 'pipeline' | 'log' | 'now' | 'startedAt'> & { services: Services },
) {
  const { config, pipeline, services, log, now, startedAt } = parts;
  const { records, directory, ingest } = pipeline;
  const live: LiveStream = new LiveStream(
    {
      latest: ingest.latest,
      subscribe: (listener) => ingest.live.subscribe(listener),
      deviceId: (idOrName) => directory.find(idOrName)?.id,
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
  return { live, scheduler };
}

async function startDemo(options: {
  config: Config;
  log: Logger;
  pipeline: Pipeline;
  now: () => number;
  onDemoProgress: (share: number) => void;
  signal: AbortSignal;
}): Promise<{ sources: readonly Source[]; ended: Promise<void> }> {
  const { config, log, pipeline, now, onDemoProgress, signal } = options;
  const { records, directory, intake } = pipeline;
  const { enabled, history_days: historyDays, profile, seed } = config.demo;
  const warn = (message: string) => log.warn(message);
  const demo = new DemoService({ records, directory, intake, now, enabled, historyDays, profile, seed, warn });
  if (!(await demo.wanted())) return { sources: [], ended: Promise.resolve() };
  const source = await demo.prepare(onDemoProgress, signal);
  return { sources: [source], ended: demo.run(source, signal) };
}

interface Services {
  readonly energy: EnergyService;
  readonly tariffs: TariffService;
  readonly charging: ChargingService;
  readonly reports: ReportService;
  readonly kpis: KpiService;
  readonly baselines: BaselineService;
  readonly quarantine: QuarantineService;
  readonly quality: QualityService;
  /** Null without persistence: there is nothing to lose. */
  readonly backups: BackupService | null;
  readonly flags: FeatureFlags;
  readonly settings: SettingsService;
}

async function createServices(pipeline: Pipeline, config: Config, now: () => number): Promise<Services> {
  const { records, queries, directory, ingest, journal, catalogue } = pipeline;
  const { sites, tariffs, chargingSessions, reports } = records;
  const energy = new EnergyService({ queries, sites, devices: directory, tariffs, now });
  const backups = createBackups(pipeline, config, now);
  await backups?.list();
  const describe = (metric: string) => catalogue.describe(metric);
  const quarantine = new QuarantineService(journal, ingest);
  return {
    energy,
    tariffs: new TariffService({ tariffs, energy, now }),
    charging: new ChargingService({ sessions: chargingSessions, devices: directory, queries, energy, sites, now }),
    reports: new ReportService({ reports, sites, energy, now }),
    kpis: new KpiService({ queries, devices: directory, energy, now }),
    baselines: new BaselineService({
      queries,
      devices: directory,
      energy,
      now,
      describe,
      baselines: records.baselines,
    }),
    quarantine,
    quality: new QualityService({
      queries,
      devices: directory,
      energy,
      now,
      records,
      describe,
      arrivals: (deviceId, window) => ingest.arrivals.of(deviceId, window),
      quarantined: (window) => quarantine.countByDevice(window),
    }),
    backups,
    flags: await FeatureFlags.load(records.features),
    settings: await SettingsService.load(records.settings),
  };
}

interface ApiParts {
  readonly pipeline: Pipeline;
  readonly services: Services;
  readonly auth: AuthService;
  readonly monitor: StorageMonitor;
  readonly live: LiveStream;
  readonly scheduler: Scheduler;
  readonly sources: readonly Source[];
  readonly now: () => number;
}

function registerApi(api: Api, { pipeline, services, auth, monitor, live, scheduler, sources, now }: ApiParts): void {
  const { records, directory, catalogue, queries, ingest, intake } = pipeline;
  const telemetryOptions = { queries, directory, sites: records.sites, catalogue, now };
  authRoutes(api, auth);
  ingestRoutes(api, intake);
  importRoutes(api, records.importStates);
  siteRoutes(api, records);
  deviceRoutes(api, { records, directory, lastAt: (deviceId) => ingest.latest.lastAt(deviceId), now });
  metricRoutes(api, catalogue, records);
  telemetryRoutes(api, new TelemetryService(telemetryOptions), telemetryOptions);
  energyRoutes(api, services.energy);
  tariffRoutes(api, services.tariffs);
  chargingRoutes(api, services.charging);
  reportRoutes(api, services.reports);
  qualityRoutes(api, services.quality);
  kpiRoutes(api, services.kpis);
  baselineRoutes(api, services.baselines, records.auditLog);
  settingsRoutes(api, { settings: services.settings, flags: services.flags, records });
  systemRoutes(api, {
    monitor,
    quarantine: services.quarantine,
    sources: () => sources.map(toSourceHealth),
  });
  jobRoutes(api, { scheduler, records });
  backfillRoutes(api, scheduler, records.auditLog);
  if (pipeline.tiers) archiveRoutes(api, scheduler, records.auditLog);
  if (services.backups) backupRoutes(api, { backups: services.backups, scheduler, auditLog: records.auditLog });
  live.routes(api);
}

/** What runs by the clock, in the site's time. */
function scheduledJobs(
  { stores, tiers, records: { jobs, auditLog } }: Pipeline,
  { charging, reports, quality, backups, baselines }: Services,
  { auth, backup }: Config,
  now: () => number,
): JobDefinition[] {
  const [primary] = stores as readonly [MeteredStore];
  const ofHistory = [
    chargingJob(charging),
    reportsJob(reports),
    qualityJob(quality),
    retrainingJob(baselines),
    ...(backups ? backupJobs(backups, backup.enabled) : []),
    ...(tiers ? [archiveJob(tiers)] : []),
  ];
  return [
    compactionJob(stores, now),
    backfillJob(stores),
    ...ofHistory.map((job) => onlyWithHistory(job, primary)),
    cleanUpJob({ jobs, auditLog, auditKeptMs: auth.audit_retention_days * UTC_DAY_MS, now }),
  ];
}

/** A report or a backup of what cannot be read would be wrong for ever: such runs fail, and are tried again. */
function onlyWithHistory(job: JobDefinition, primary: MeteredStore): JobDefinition {
  return {
    ...job,
    run: async (context) => {
      const trouble = primary.trouble();
      if (trouble) throw new Unavailable(`the history cannot be read at present: ${trouble.error}`);
      return job.run(context);
    },
  };
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

function toSourceHealth(source: Source): SourceHealth {
  const { status, lastReadingAt, values, rejected, lastError } = source.health();
  return {
    name: source.name,
    type: source.type,
    status,
    last_reading_at: lastReadingAt === null ? null : formatInstant(lastReadingAt),
    values,
    rejected,
    last_error: lastError,
  };
}
