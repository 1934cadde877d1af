import type { Logger } from 'pino';
import type { Config } from '../config/schema.ts';
import { Unavailable } from '../domain/errors.ts';
import type { Window } from '../domain/time/window.ts';
import { ExaminedTimes } from '../features/anomaly/examined.ts';
import { AnomalyService } from '../features/anomaly/service.ts';
import { AuthService } from '../features/auth/service.ts';
import { AdjustmentService } from '../features/baseline/adjustments/service.ts';
import { BaselineService } from '../features/baseline/service.ts';
import { ChargingService } from '../features/charging/service.ts';
import { DemoControl } from '../features/demo/demo-control.ts';
import { DemoService } from '../features/demo/service.ts';
import { DeviceRemovals } from '../features/devices/removals.ts';
import { EnergyService } from '../features/energy/service.ts';
import { ScheduleService } from '../features/forecast/schedule/service.ts';
import { ForecastService } from '../features/forecast/service.ts';
import { SolarForecastService } from '../features/forecast/solar/service.ts';
import { CustomKpiService } from '../features/kpi/custom/service.ts';
import { KpiService } from '../features/kpi/service.ts';
import { SqlGrowth } from '../features/kpi/sql-growth.ts';
import { SqlTerms } from '../features/kpi/sql-terms.ts';
import { CounterDecisions } from '../features/quality/counter-decisions.ts';
import { QualityService } from '../features/quality/service.ts';
import { type RepairOptions, RepairService } from '../features/repair/service.ts';
import { ReportService } from '../features/reports/service.ts';
import { SettingsService } from '../features/settings/service.ts';
import { DiskWatch } from '../features/system/disk-watch.ts';
import { QuarantineService } from '../features/system/quarantine/service.ts';
import { SetAsideService } from '../features/system/set-aside/service.ts';
import { TariffService } from '../features/tariffs/service.ts';
import { TelemetryService } from '../features/telemetry/service.ts';
import type { ModelPool } from '../jobs/model-pool.ts';
import { createFilling } from './backfill.ts';
import { createBackups } from './backups.ts';
import { createImporting, createMigrations, requestedFiles } from './imports.ts';
import { createMonitor } from './monitor.ts';
import type { Pipeline } from './pipeline.ts';
import type { ServiceParts } from './service-parts.ts';
import { postgresStores } from './stores.ts';

/** The services of all features. */
export type Services = Awaited<ReturnType<typeof createServices>>;

/** Creates the services of all features, each once. To add one, create it here. */
export async function createServices(parts: ServiceParts) {
  const { pipeline, models, config, log, now } = parts;
  const { records, queries, partial, directory, ingest, journal, catalogue } = pipeline;
  const { sites, tariffs, calendars } = records;
  const shared = { queries, sites, devices: directory, now };
  const energy = new EnergyService({ ...shared, tariffs });
  const backups = createBackups(pipeline, config, now);
  await backups?.listHere();
  const describe = (metric: string) => catalogue.describe(metric);
  const kpis = new KpiService({ ...shared, energy });
  const sqlTerms = new SqlTerms({ ...shared, stores: postgresStores(config), tariffs });
  const quarantine = new QuarantineService(journal, ingest);
  const learning = { ...shared, energy, describe, calendars, models, baselines: records.baselines };
  const baselines = new BaselineService({ ...learning, adjustments: records.baselineAdjustments });
  const charging = new ChargingService({ ...shared, sessions: records.chargingSessions, energy });
  const reports = new ReportService({ ...shared, reports: records.reports, energy });
  const quality = new QualityService({
    ...{ ...shared, energy, records, describe },
    arrivals: (deviceId, window) => ingest.arrivals.of(deviceId, window),
    quarantined: (window) => quarantine.countByDevice(window),
  });
  const onChanged = async (siteId: string, window: Window) => {
    await reports.renew(siteId, window);
    await quality.renew(siteId, window);
    await charging.detectSessions(siteId, window);
  };
  const forecasts = createForecasts(pipeline, energy, models, now);
  const services = {
    auth: createAuth(parts),
    demo: createDemo(parts),
    telemetry: new TelemetryService({ queries, partial, directory, sites, catalogue, now }),
    ...{ energy, kpis, sqlTerms, baselines, charging, reports, quality, quarantine, forecasts, backups },
    repairs: await createRepairs(pipeline, now, onChanged),
    tariffs: new TariffService({ tariffs, energy, now, onChange: () => sqlTerms.syncSoon() }),
    sqlGrowth: new SqlGrowth({ ...shared, stores: postgresStores(config) }),
    customKpis: new CustomKpiService({ ...shared, kpis, catalogue, records: records.customKpis }),
    adjustments: new AdjustmentService(shared, records.baselineAdjustments),
    anomalies: new AnomalyService({
      ...{ ...learning, anomalies: records.anomalies },
      examined: new ExaminedTimes(records.namedStates),
    }),
    setAside: new SetAsideService(pipeline.setAside, pipeline.stores),
    counterDecisions: createDecisions(pipeline, onChanged),
    migrations: createMigrations(pipeline, backups, config, now, requestedFiles(config)),
    ...(await createImporting(pipeline, config, now)),
    settings: await SettingsService.load(records.settings),
    filling: createFilling(pipeline),
    removals: await createRemovals(pipeline, config, log),
    /** Number of active baselines and of loads with a selected forecast model. */
    modelsLoaded: async () => (await records.baselines.countActive()) + (await forecasts.demand.countChosen()),
    /** Null if persistence is off. */
    disk: config.persistence ? await DiskWatch.open(config.data_dir, records.namedStates, now) : null,
  };
  return { ...services, monitor: createMonitor(parts, services) };
}

function createAuth({ config, log, now, pipeline: { records }, localToken }: ServiceParts): AuthService {
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

function createDemo({ config, log, now, pipeline: { records, directory, intake } }: ServiceParts): DemoControl {
  const { enabled, history_days: historyDays, profile, seed } = config.demo;
  const warn = (message: string) => log.warn(message);
  return new DemoControl(
    new DemoService({ records, directory, intake, now, enabled, historyDays, profile, seed, warn }),
  );
}

/** Creates the repairs. An interrupted repair is finished now, or when the store that it changes is available again. */
async function createRepairs(
  { records, queries, directory, ingest, catalogue, stores, archive, onStoreBack }: Pipeline,
  now: () => number,
  onChanged: RepairOptions['onChanged'],
): Promise<RepairService> {
  const repairs = new RepairService({
    repairs: records.repairs,
    queries,
    devices: directory,
    describe: (metric) => catalogue.describe(metric),
    accept: (blocks) => ingest.acceptChange(blocks),
    latest: ingest.latest,
    cannotErase: () => stores.filter(({ store }) => !store.capabilities.erases).map(({ name }) => name),
    isArchived: async (group, window) => (await archive?.holds(group, window)) ?? false,
    onChanged,
    now,
  });
  onStoreBack(() => repairs.finishInterrupted());
  try {
    await repairs.finishInterrupted();
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
  }
  return repairs;
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

function createForecasts(
  { records: { sites, forecasts }, queries, directory: devices }: Pipeline,
  energy: EnergyService,
  models: ModelPool,
  now: () => number,
) {
  const demand = new ForecastService({ queries, devices, energy, sites, forecasts, models, now });
  const solar = new SolarForecastService({ energy, forecasts, models, now });
  return { demand, solar, schedules: new ScheduleService({ energy, demand, solar, now }) };
}

async function createRemovals(pipeline: Pipeline, config: Config, log: Logger): Promise<DeviceRemovals> {
  const { records, journal, stores, archive, onStoreBack } = pipeline;
  const folder = config.persistence ? config.data_dir : null;
  const removals = await DeviceRemovals.open({ records, journal, stores, archive, folder, log });
  // A store that was replaced with an older copy contains deleted readings again.
  onStoreBack(() => removals.refresh());
  return removals;
}
