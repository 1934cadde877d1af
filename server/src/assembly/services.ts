import { join } from 'node:path';
import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import type { Logger } from 'pino';
import type { Config } from '../config/schema.ts';
import { Unavailable } from '../domain/errors.ts';
import type { Window } from '../domain/time/window.ts';
import { ExaminedTimes } from '../features/anomaly/examined.ts';
import { anomalyJob } from '../features/anomaly/job.ts';
import { type AnomalyOptions, AnomalyService } from '../features/anomaly/service.ts';
import { archiveJob } from '../features/archive/job.ts';
import { GapFilling } from '../features/backfill/gap-filling.ts';
import { backfillJob } from '../features/backfill/job.ts';
import { backupJobs } from '../features/backup/job.ts';
import type { BackupService } from '../features/backup/service.ts';
import { AdjustmentService } from '../features/baseline/adjustments/service.ts';
import { retrainingJob, trainingJob } from '../features/baseline/job.ts';
import { BaselineService } from '../features/baseline/service.ts';
import { Trainings } from '../features/baseline/trainings.ts';
import { chargingJob } from '../features/charging/job.ts';
import { ChargingService } from '../features/charging/service.ts';
import { deviceRemovalJob } from '../features/devices/job.ts';
import { DeviceRemovals } from '../features/devices/removals.ts';
import { EnergyService } from '../features/energy/service.ts';
import { forecastJobs } from '../features/forecast/job.ts';
import type { ForecastServices } from '../features/forecast/routes.ts';
import { ScheduleService } from '../features/forecast/schedule/service.ts';
import { ForecastService } from '../features/forecast/service.ts';
import { SolarForecastService } from '../features/forecast/solar/service.ts';
import type { ImportTarget } from '../features/importing/import-target.ts';
import { importJob } from '../features/importing/job.ts';
import { Places } from '../features/importing/places.ts';
import { importProgress, noteImportProgress } from '../features/importing/progress/routes.ts';
import { ImportingService } from '../features/importing/service.ts';
import { Uploads } from '../features/importing/uploads.ts';
import { CustomKpiService } from '../features/kpi/custom/service.ts';
import { sqlTermsJob } from '../features/kpi/job.ts';
import { KpiService } from '../features/kpi/service.ts';
import { SqlGrowth } from '../features/kpi/sql-growth.ts';
import { SqlTerms } from '../features/kpi/sql-terms.ts';
import { belowImportFolders, type FindFile } from '../features/migration/import-folders.ts';
import { migrationJob } from '../features/migration/job.ts';
import { MigrationService } from '../features/migration/service.ts';
import { CounterDecisions } from '../features/quality/counter-decisions.ts';
import { qualityJob } from '../features/quality/job.ts';
import { QualityService } from '../features/quality/service.ts';
import { type RepairOptions, RepairService } from '../features/repair/service.ts';
import { reportsJob } from '../features/reports/job.ts';
import { ReportService } from '../features/reports/service.ts';
import { rollupJob } from '../features/retention/job.ts';
import type { FeatureFlags, FlagName } from '../features/settings/feature-flags.ts';
import { SettingsService } from '../features/settings/service.ts';
import { DiskWatch } from '../features/system/disk-watch.ts';
import { cleanUpJob, compactionJob, diskJob, scrubJob } from '../features/system/job.ts';
import { QuarantineService } from '../features/system/quarantine/service.ts';
import { SetAsideService } from '../features/system/set-aside/service.ts';
import { TariffService } from '../features/tariffs/service.ts';
import type { JobDefinition } from '../jobs/job.ts';
import type { ModelPool } from '../jobs/model-pool.ts';
import type { MeteredStore } from '../storage/layers/metered-store.ts';
/** What features do, each built once. */ import type { RecordStore } from '../storage/records/record-store.ts';
import { createBackups } from './backups.ts';
import type { Pipeline } from './pipeline.ts';
import { postgresStores, storesWithFiles } from './stores.ts';
import { backfillEnds } from './tiers.ts';

export interface Services {
  readonly energy: EnergyService;
  readonly tariffs: TariffService;
  readonly charging: ChargingService;
  readonly reports: ReportService;
  readonly kpis: KpiService;
  readonly customKpis: CustomKpiService;
  readonly sqlTerms: SqlTerms;
  readonly sqlGrowth: SqlGrowth;
  readonly baselines: BaselineService;
  readonly trainings: Trainings;
  readonly adjustments: AdjustmentService;
  readonly anomalies: AnomalyService;
  readonly forecasts: ForecastServices;
  readonly quarantine: QuarantineService;
  readonly setAside: SetAsideService;
  readonly quality: QualityService;
  readonly counterDecisions: CounterDecisions;
  readonly repairs: RepairService;
  /** Null without persistence: there is nothing to lose. */
  readonly backups: BackupService | null;
  readonly migrations: MigrationService;
  readonly importing: ImportingService;
  /** Sites and devices of imported data. */
  readonly places: Places;
  readonly settings: SettingsService;
  readonly filling: GapFilling;
  readonly removals: DeviceRemovals;
  /** Baselines in use, and loads whose forecast model is chosen. */
  readonly modelsLoaded: () => Promise<number>;
  /** Null without persistence. */
  readonly disk: DiskWatch | null;
}

/** Builds the services of features on a pipeline and threads for models. */
export async function createServices(
  pipeline: Pipeline,
  models: ModelPool,
  config: Config,
  log: Logger,
  now: () => number,
): Promise<Services> {
  const { records, queries, directory, ingest, journal, catalogue } = pipeline;
  const { sites, tariffs, chargingSessions, reports, calendars } = records;
  const energy = new EnergyService({ queries, sites, devices: directory, tariffs, now });
  const backups = createBackups(pipeline, config, now);
  await backups?.listHere();
  const describe = (metric: string) => catalogue.describe(metric);
  const kpis = new KpiService({ queries, devices: directory, energy, now });
  const sqlTerms = new SqlTerms({ stores: postgresStores(config), sites, tariffs, devices: directory, queries });
  const quarantine = new QuarantineService(journal, ingest);
  const read = { queries, devices: directory, energy, now, describe, calendars, sites };
  const learning = { ...read, models, baselines: records.baselines };
  const baselines = new BaselineService({ ...learning, adjustments: records.baselineAdjustments });
  const charging = new ChargingService({ sessions: chargingSessions, devices: directory, queries, energy, sites, now });
  const reportService = new ReportService({ reports, sites, energy, devices: directory, now });
  const quality = new QualityService({
    ...{ queries, devices: directory, energy, now, records, describe },
    arrivals: (deviceId, window) => ingest.arrivals.of(deviceId, window),
    quarantined: (window) => quarantine.countByDevice(window),
  });
  const onChanged = async (siteId: string, window: Window) => {
    await reportService.renew(siteId, window);
    await quality.renew(siteId, window);
    await charging.detectSessions(siteId, window);
  };
  const repairs = createRepairs(pipeline, now, onChanged);
  await finishRepairs(pipeline, repairs);
  const forecasts = createForecasts(pipeline, energy, models, now);
  return {
    energy,
    tariffs: new TariffService({ tariffs, energy, now, onChange: () => sqlTerms.syncSoon() }),
    sqlTerms,
    sqlGrowth: new SqlGrowth({ stores: postgresStores(config), devices: directory, queries, now }),
    charging,
    reports: reportService,
    kpis,
    customKpis: new CustomKpiService({
      ...{ kpis, queries, devices: directory, sites, catalogue, now },
      records: records.customKpis,
    }),
    baselines,
    trainings: new Trainings(baselines),
    adjustments: new AdjustmentService({ queries, devices: directory }, records.baselineAdjustments),
    anomalies: createAnomalies(records, learning),
    forecasts,
    quarantine,
    setAside: new SetAsideService(pipeline.setAside, pipeline.stores),
    quality,
    counterDecisions: createDecisions(pipeline, onChanged),
    repairs,
    backups,
    migrations: createMigrations(pipeline, backups, config, now, belowImportFolders(importFolders(config))),
    ...(await createImporting(pipeline, config, now)),
    settings: await SettingsService.load(records.settings),
    filling: createFilling(pipeline),
    removals: await createRemovals(pipeline, config, log),
    modelsLoaded: async () => (await records.baselines.countActive()) + (await forecasts.demand.countChosen()),
    disk: config.persistence ? await DiskWatch.open(config.data_dir, records.namedStates, now) : null,
  };
}

function createAnomalies(
  { anomalies, namedStates }: RecordStore,
  learning: Omit<AnomalyOptions, 'anomalies' | 'examined'>,
): AnomalyService {
  return new AnomalyService({ ...learning, anomalies, examined: new ExaminedTimes(namedStates) });
}

function createRepairs(
  { records, queries, directory, ingest, catalogue, stores, tiers }: Pipeline,
  now: () => number,
  onChanged: RepairOptions['onChanged'],
): RepairService {
  return new RepairService({
    repairs: records.repairs,
    queries,
    devices: directory,
    describe: (metric) => catalogue.describe(metric),
    accept: (blocks) => ingest.acceptChange(blocks),
    latest: ingest.latest,
    cannotErase: () => stores.filter(({ store }) => !store.capabilities.erases).map(({ name }) => name),
    isArchived: async (group, window) => (await tiers?.holds(group, window)) ?? false,
    onChanged,
    now,
  });
}

function createDecisions(
  { directory, records, queries, ingest }: Pipeline,
  onChanged: RepairOptions['onChanged'],
): CounterDecisions {
  return new CounterDecisions({
    ...{ devices: directory, records, queries, onChanged },
    accept: async (blocks) => {
      if (ingest.persists) await ingest.acceptChange(blocks);
    },
  });
}

/** What was interrupted is finished now, or once the store that it changes can be read. */
async function finishRepairs({ onStoreBack }: Pipeline, repairs: RepairService): Promise<void> {
  onStoreBack(() => repairs.finishInterrupted());
  try {
    await repairs.finishInterrupted();
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
  }
}

function createForecasts(
  { records: { sites, forecasts }, queries, directory: devices }: Pipeline,
  energy: EnergyService,
  models: ModelPool,
  now: () => number,
): ForecastServices {
  const demand = new ForecastService({ queries, devices, energy, sites, forecasts, models, now });
  const solar = new SolarForecastService({ energy, forecasts, models, now });
  return { demand, solar, schedules: new ScheduleService({ energy, demand, solar, now }) };
}

async function createRemovals(pipeline: Pipeline, config: Config, log: Logger): Promise<DeviceRemovals> {
  const { records, journal, stores, tiers, onStoreBack } = pipeline;
  const folder = config.persistence ? config.data_dir : null;
  const removals = await DeviceRemovals.open({
    records,
    journal,
    stores,
    archive: tiers && { delete: tiers.deleteDevices },
    folder,
    log,
  });
  // A store that was replaced by an older copy has readings again.
  onStoreBack(() => removals.refresh());
  return removals;
}

/** What fills stores of a pipeline, for the service and the command line. */
export function createFilling({ stores, tiers, gaps, ingest }: Pipeline): GapFilling {
  const caughtUp = (store: string, signal: AbortSignal) => ingest.caughtUp(store, signal);
  return new GapFilling({ ends: backfillEnds(stores, tiers), gaps, caughtUp });
}

/**
 * Migrations into a pipeline, for the service and the command line.
 * @param findFile which files may be named: requests name only those in import folders, a person at the machine any
 */
export function createMigrations(
  { stores, tiers, records, directory, journal, ingest, catalogue }: Pipeline,
  backups: BackupService | null,
  { migration, ingest: { device_tags: deviceTags, label_tags: labelTags } }: Config,
  now: () => number,
  findFile: FindFile,
): MigrationService {
  const [primary] = stores as readonly [MeteredStore];
  return new MigrationService({
    records,
    directory,
    journal,
    ingest,
    store: { read: (request) => (tiers?.reads ?? primary).read(request), series: () => primary.store.series() },
    storeName: primary.name,
    describe: (metric) => catalogue.describe(metric),
    influx: migration.influxdb,
    tags: { deviceTags, labelTags },
    findFile,
    backups,
    now,
    random: Math.random,
  });
}

async function createImporting(
  { records, ingest, intake, catalogue }: Pipeline,
  config: Config,
  now: () => number,
): Promise<Pick<Services, 'importing' | 'places'>> {
  const folder = config.persistence ? join(config.data_dir, 'uploads') : null;
  const uploads = new Uploads({ folder, writes: () => ingest.persists, now });
  await uploads.clear();
  const places = new Places(records);
  const target: ImportTarget = {
    name: 'this service',
    unitOf: (metric) => catalogue.describe(metric).unit,
    progress: (key) => importProgress(records.namedStates, key),
    note: (key, progress) => noteImportProgress(records.namedStates, key, progress),
    place: (request) => places.place(request),
    take: (blocks) => intake.accept(blocks),
  };
  return { places, importing: new ImportingService({ uploads, target, places, catalogue, sites: records.sites }) };
}

/** Folders whose files requests may name. */
function importFolders({ imports, data_dir: folder }: Config): readonly [string, ...string[]] {
  const [first = join(folder, 'imports'), ...others] = imports.folders ?? [];
  return [first, ...others];
}

/** What runs by the clock, in the site's time. */
export function scheduledJobs(
  { stores, tiers, rollups, ingest, flags, records: { jobRuns, auditLog } }: Pipeline,
  {
    filling,
    removals,
    sqlTerms,
    sqlGrowth,
    charging,
    reports,
    quality,
    backups,
    baselines,
    trainings,
    anomalies,
    forecasts,
    migrations,
    importing,
    disk,
  }: Services,
  { auth, backup }: Config,
  now: () => number,
): JobDefinition[] {
  const ofHistory = [
    chargingJob(charging),
    qualityJob(quality),
    ...[reportsJob(reports), retrainingJob(baselines), anomalyJob(anomalies)].map((job) =>
      underFlag(job, 'analytics_dashboard', flags),
    ),
    trainingJob(trainings),
    ...forecastJobs(forecasts.demand).map((job) => underFlag(job, 'forecasting', flags)),
    ...(backups
      ? backupJobs(backups, backupSchedules(backup)).map((job) => afterFilling(job, stores[0]!.name, filling))
      : []),
    migrationJob(migrations),
    importJob(importing),
    ...[sqlTermsJob(sqlTerms, sqlGrowth)].filter((job) => job !== null),
    rollupJob((work) => rollups.keepUp(ingest, work)),
    ...(tiers ? [archiveJob(tiers, (work) => rollups.keepUp(ingest, work))] : []),
  ];
  return [
    compactionJob(stores, now),
    scrubJob(storesWithFiles(stores)),
    backfillJob(filling),
    deviceRemovalJob(removals),
    ...ofHistory,
    ...(disk ? [diskJob(disk)] : []),
    cleanUpJob({ jobRuns, auditLog, auditKeptMs: auth.audit_retention_days * UTC_DAY_MS, now }),
  ];
}

/** A backup of a store that is about to be filled would lack what it lacks; where nothing can fill it, a backup is better than none. */
function afterFilling(job: JobDefinition, store: string, filling: GapFilling): JobDefinition {
  if (job.name !== 'backup') return job;
  return {
    ...job,
    run: async (context) => {
      const from = filling.sourceFor(store);
      if (from !== null) throw new Unavailable(`store ${store} is to be filled from ${from} first`);
      return job.run(context);
    },
  };
}

function backupSchedules({
  enabled,
  schedule,
  copy_to: copyTo,
  copy_journal: journal,
  point_in_time: kept,
}: Config['backup']) {
  return { backup: schedule, journalHistory: kept && copyTo !== undefined ? journal : null, daily: enabled };
}

/** The clock leaves a job alone while what it works for is switched off. */
function underFlag(job: JobDefinition, flag: FlagName, flags: FeatureFlags): JobDefinition {
  return { ...job, enabled: () => flags.isActive(flag) && (job.enabled?.() ?? true) };
}
