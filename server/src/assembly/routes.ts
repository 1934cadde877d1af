import { formatInstant } from '@wattkeeper/contract/common.ts';
import type { SourceHealth } from '@wattkeeper/contract/service.ts';
import { NotFound } from '../domain/errors.ts';
import { anomalyRoutes } from '../features/anomaly/routes.ts';
import { archiveRoutes } from '../features/archive/routes.ts';
import { authRoutes } from '../features/auth/routes.ts';
import { backfillRoutes } from '../features/backfill/routes.ts';
import { backupRoutes } from '../features/backup/routes.ts';
import { baselineRoutes } from '../features/baseline/routes.ts';
import { calendarRoutes } from '../features/calendars/routes.ts';
import { chargingRoutes } from '../features/charging/routes.ts';
import { deviceRoutes } from '../features/devices/routes.ts';
import { energyRoutes } from '../features/energy/routes.ts';
import { forecastRoutes } from '../features/forecast/routes.ts';
import { importProgressRoutes } from '../features/importing/progress/routes.ts';
import { importingRoutes } from '../features/importing/routes.ts';
import { ingestRoutes } from '../features/ingest/routes.ts';
import { jobRoutes } from '../features/jobs/routes.ts';
import { customKpiRoutes } from '../features/kpi/custom/routes.ts';
import { kpiRoutes } from '../features/kpi/routes.ts';
import { metricRoutes } from '../features/metrics/routes.ts';
import { migrationRoutes } from '../features/migration/routes.ts';
import { qualityRoutes } from '../features/quality/routes.ts';
import { repairRoutes } from '../features/repair/routes.ts';
import { reportRoutes } from '../features/reports/routes.ts';
import type { FeatureFlags, FlagName } from '../features/settings/feature-flags.ts';
import type { PersistenceChange } from '../features/settings/persistence-change.ts';
import { settingsRoutes } from '../features/settings/routes.ts';
import { siteRoutes } from '../features/sites/routes.ts';
import { systemRoutes } from '../features/system/routes.ts';
import { tariffRoutes } from '../features/tariffs/routes.ts';
import { telemetryRoutes } from '../features/telemetry/routes.ts';
import type { Api } from '../http/api.ts';
import { auditChanges } from '../http/audit.ts';
import type { LiveStream } from '../http/live/live-stream.ts';
import { markPartialAnswers } from '../http/partial-answers.ts';
import type { Scheduler } from '../jobs/scheduler.ts';
import type { Source } from '../sources/source-port.ts';
import type { Pipeline } from './pipeline.ts';
import type { Services } from './services.ts';

/** The parts that routes use. */
export interface ApiParts {
  readonly pipeline: Pipeline;
  readonly services: Services;
  readonly live: LiveStream;
  readonly scheduler: Scheduler;
  readonly change: PersistenceChange;
  readonly now: () => number;
  /** Maximum size of a request body with readings. */
  readonly maxBodyBytes: number;
}

/** Registers all routes under `/api/v1`. */
export function registerApi(
  api: Api,
  { pipeline, services, live, scheduler, change, now, maxBodyBytes }: ApiParts,
): void {
  const { records, directory, catalogue, queries, partial, ingest, intake } = pipeline;
  const telemetryOptions = { queries, partial, directory, sites: records.sites, catalogue, now };
  auditChanges(api, records.auditLog);
  markPartialAnswers(api, partial);
  authRoutes(api, services.auth);
  ingestRoutes(api, intake, maxBodyBytes);
  importProgressRoutes(api, records.namedStates);
  importingRoutes(api, { importing: services.importing, places: services.places, scheduler });
  siteRoutes(api, records, () => services.sqlTerms.syncSoon());
  deviceRoutes(api, {
    ...{ records, directory, removals: services.removals, scheduler, queries, now },
    lastAt: (deviceId) => ingest.latest.lastAt(deviceId),
    staleAfterIntervals: () => services.settings.get().thresholds.stale_after_intervals,
  });
  metricRoutes(api, catalogue, records);
  telemetryRoutes(api, services.telemetry, telemetryOptions);
  tariffRoutes(api, services.tariffs);
  chargingRoutes(api, services.charging);
  qualityRoutes(api, services.quality, services.counterDecisions);
  repairRoutes(api, services.repairs);
  underFlag(api, pipeline.flags, 'analytics_dashboard', (analytics) => {
    energyRoutes(analytics, services.energy);
    reportRoutes(analytics, services.reports);
    kpiRoutes(analytics, services.kpis);
    customKpiRoutes(analytics, services.customKpis);
    anomalyRoutes(analytics, services.anomalies);
    const { baselines: service, adjustments } = services;
    calendarRoutes(analytics, records);
    baselineRoutes(analytics, { service, adjustments, scheduler, auditLog: records.auditLog });
  });
  underFlag(api, pipeline.flags, 'forecasting', (scope) => forecastRoutes(scope, services.forecasts));
  settingsRoutes(api, { settings: services.settings, flags: pipeline.flags, change, records });
  systemRoutes(api, {
    monitor: services.monitor,
    quarantine: services.quarantine,
    setAside: services.setAside,
    sources: () => services.demo.sources().map(toSourceHealth),
  });
  jobRoutes(api, { scheduler, records });
  backfillRoutes(api, scheduler, services.filling);
  migrationRoutes(api, scheduler);
  underSetting(api, pipeline.archive !== null, 'archive.store', (scope) => archiveRoutes(scope, scheduler));
  const { backups } = services;
  underSetting(api, backups !== null, 'persistence', (scope) => backupRoutes(scope, { backups: backups!, scheduler }));
  live.routes(api);
}

/** Registers routes that respond 404 with the name of the flag while it is not active. */
function underFlag(api: Api, flags: FeatureFlags, flag: FlagName, register: (scope: Api) => void): void {
  void api.register(async (scope) => {
    scope.addHook('onRequest', async () => flags.requireActive(flag));
    register(scope as unknown as Api);
  });
}

/** Registers routes that respond 404 with the name of a missing setting. They remain in the API documentation. */
function underSetting(api: Api, isSet: boolean, setting: string, register: (scope: Api) => void): void {
  void api.register(async (scope) => {
    scope.addHook('onRequest', async () => {
      if (isSet) return;
      throw new NotFound(`this needs the setting ${setting}, which is missing`, { code: 'feature_disabled' });
    });
    register(scope as unknown as Api);
  });
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
