import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import type { ApiToken, AuditEntry, Me, User } from '@wattkeeper/contract/access/auth.ts';
import type { Anomaly, AnomalyDetail, AnomalyPage } from '@wattkeeper/contract/analytics/anomaly.ts';
import type { BaselineModel } from '@wattkeeper/contract/analytics/baseline.ts';
import type { Adjustment, BaselineDeviation } from '@wattkeeper/contract/analytics/baseline-deviation.ts';
import type { BaselineDrivers } from '@wattkeeper/contract/analytics/baseline-drivers.ts';
import type {
  CustomKpi,
  CustomKpiPreview,
  CustomKpiPreviewRequest,
  CustomKpiValue,
} from '@wattkeeper/contract/analytics/custom-kpi.ts';
import type { EnergyBalance, SiteSummary } from '@wattkeeper/contract/analytics/energy.ts';
import type {
  DemandForecast,
  ForecastAccuracy,
  ForecastHorizon,
  PeakForecast,
  SolarForecast,
} from '@wattkeeper/contract/analytics/forecast.ts';
import type { AllKpis } from '@wattkeeper/contract/analytics/kpi.ts';
import type { ChargingSession } from '@wattkeeper/contract/charging.ts';
import type { Device } from '@wattkeeper/contract/device.ts';
import { MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import type { ImportPreview } from '@wattkeeper/contract/import.ts';
import type { Job, SchedulerStatus } from '@wattkeeper/contract/job.ts';
import type { Metric } from '@wattkeeper/contract/metric.ts';
import type { Feature, Health, QuarantinedValue, SourceHealth, StorageMetrics } from '@wattkeeper/contract/service.ts';
import type { Settings } from '@wattkeeper/contract/settings.ts';
import type { Site } from '@wattkeeper/contract/site.ts';
import type { KeptBackup } from '@wattkeeper/contract/storage/backup.ts';
import type { QualityDays, QualityReport } from '@wattkeeper/contract/storage/quality.ts';
import type { Repair } from '@wattkeeper/contract/storage/repair.ts';
import type { SetAsideEntry } from '@wattkeeper/contract/storage/set-aside.ts';
import type { Tariff, TariffComparison } from '@wattkeeper/contract/tariff.ts';
import type { Aggregate, Bucket, LatestAnswer, TelemetryAnswer } from '@wattkeeper/contract/telemetry.ts';
import type { ApiClient, Page } from './api.ts';
import type { Window } from './period.ts';

export interface TelemetryRequest extends Window {
  readonly siteId?: string;
  readonly deviceIds?: readonly string[];
  readonly metrics: readonly string[];
  readonly bucket: Bucket;
  readonly aggregate?: readonly Aggregate[];
  readonly pointsMax?: number;
}

/** Anomalies that a page asks for, by the names of the API. */
export interface AnomalyFilter {
  readonly site_id: string;
  readonly machine_id?: string;
  readonly severity?: 'warning' | 'critical';
  readonly active?: 'true' | 'false';
  readonly start: string;
  readonly end?: string;
}

/** Pause after the last key until what was typed is checked. */
const TYPING_MS = 250;

/** Every question that the pages ask, with its key and how long its answer stays fresh. */
export function createQueries(api: ApiClient, healthUrl: string) {
  return {
    me: () =>
      queryOptions({
        queryKey: ['me'],
        queryFn: async ({ signal }) => {
          const me = await api.get<Me>('/auth/me', undefined, signal);
          api.csrfToken = me.csrf_token;
          return me;
        },
        staleTime: 10 * MINUTE_MS,
        retry: false,
      }),
    sites: () => list<Site>(['sites'], '/sites', {}, MINUTE_MS),
    devices: (siteId: string) => list<Device>(['devices', siteId], '/devices', { site_id: siteId }, MINUTE_MS),
    metered: (siteId: string) =>
      list<Device>(['devices', siteId, 'metered'], '/devices', { site_id: siteId, metered: 'true' }, MINUTE_MS),
    machines: (siteId: string) => list<Device>(['machines', siteId], '/machines', { site_id: siteId }, MINUTE_MS),
    kpis: (machineId: string, window: Window) =>
      queryOptions({
        queryKey: ['kpis', machineId, window.start, window.end],
        queryFn: ({ signal }) => api.get<AllKpis>('/kpi/all', windowOf(machineId, window), signal),
        staleTime: 5 * MINUTE_MS,
      }),
    customKpis: () => list<CustomKpi>(['custom-kpis'], '/kpi/custom', {}, MINUTE_MS),
    customKpiValues: (machineId: string, window: Window) =>
      list<CustomKpiValue>(
        ['custom-kpis', 'values', machineId, window.start, window.end],
        '/kpi/custom/values',
        windowOf(machineId, window),
        5 * MINUTE_MS,
      ),
    /** Asked when nobody has typed for a moment; the answer before stays until then. */
    customKpiPreview: (request: CustomKpiPreviewRequest) =>
      queryOptions({
        queryKey: ['custom-kpi-preview', request],
        queryFn: async ({ signal }) => {
          await pause(TYPING_MS, signal);
          return api.post<CustomKpiPreview>('/kpi/custom/preview', request);
        },
        placeholderData: keepPreviousData,
        staleTime: MINUTE_MS,
      }),
    baselines: (machineId: string) =>
      list<BaselineModel>(['baseline', machineId, 'models'], '/baseline/models', { machine_id: machineId }, MINUTE_MS),
    drivers: (machineId: string) =>
      queryOptions({
        queryKey: ['baseline', machineId, 'drivers'],
        queryFn: ({ signal }) =>
          api.get<BaselineDrivers>('/baseline/drivers', { machine_id: machineId, suggest: false }, signal),
        staleTime: 5 * MINUTE_MS,
      }),
    /** Which drivers to keep: takes longer than the list. */
    driverSuggestion: (machineId: string, window: Window) =>
      queryOptions({
        queryKey: ['baseline-suggestion', machineId, window.start, window.end],
        queryFn: ({ signal }) => api.get<BaselineDrivers>('/baseline/drivers', windowOf(machineId, window), signal),
        staleTime: 5 * MINUTE_MS,
      }),
    deviation: (machineId: string, window: Window, modelId: string) =>
      queryOptions({
        queryKey: ['baseline', machineId, 'deviation', window.start, window.end, modelId],
        queryFn: ({ signal }) =>
          api.get<BaselineDeviation>(
            '/baseline/deviation',
            { ...windowOf(machineId, window), model_id: modelId },
            signal,
          ),
        staleTime: 5 * MINUTE_MS,
      }),
    adjustments: (machineId: string) =>
      list<Adjustment>(
        ['baseline', machineId, 'adjustments'],
        '/baseline/adjustments',
        { machine_id: machineId },
        MINUTE_MS,
      ),
    /** The newest migration, if there was one; asked again while it runs. */
    lastMigration: () =>
      queryOptions({
        queryKey: ['migration'],
        queryFn: async ({ signal }) =>
          (await api.get<Page<Job>>('/jobs', { name: 'migration', limit: 1 }, signal)).items,
        refetchInterval: ({ state }) => (state.data?.[0]?.finished_at === null ? 1000 : MINUTE_MS),
      }),
    /** Asked until it has ended. */
    job: (id: string) =>
      queryOptions({
        queryKey: ['job', id],
        queryFn: ({ signal }) => api.get<Job>(`/jobs/${id}`, undefined, signal),
        refetchInterval: ({ state }) => (state.data?.finished_at ? false : 400),
      }),
    demandForecast: (subject: ForecastOf, horizon: ForecastHorizon) =>
      forecastOptions<DemandForecast>(['demand', subject, horizon], '/forecast/demand', { ...subject, horizon }),
    peakForecast: (subject: ForecastOf, horizon: ForecastHorizon) =>
      forecastOptions<PeakForecast>(['peak', subject, horizon], '/forecast/peak', { ...subject, horizon }),
    forecastAccuracy: (subject: ForecastOf, horizon: ForecastHorizon) =>
      forecastOptions<ForecastAccuracy>(['accuracy', subject, horizon], '/forecast/accuracy', { ...subject, horizon }),
    solarForecast: (siteId: string, horizon: SolarForecast['horizon']) =>
      forecastOptions<SolarForecast>(['solar', siteId, horizon], '/forecast/solar', { site: siteId, horizon }),
    anomalies: (filter: AnomalyFilter) =>
      list<Anomaly>(['anomalies', 'list', filter], '/anomaly', { ...filter }, MINUTE_MS),
    /** Which times of which devices were examined for anomalies. */
    examinedTimes: (filter: Pick<AnomalyFilter, 'site_id' | 'machine_id'>) =>
      queryOptions({
        queryKey: ['anomalies', 'examined', filter],
        queryFn: async ({ signal }) =>
          (await api.get<AnomalyPage>('/anomaly', { ...filter, limit: '1' }, signal)).examined,
        staleTime: MINUTE_MS,
      }),
    anomaly: (id: string) =>
      queryOptions({
        queryKey: ['anomalies', id],
        queryFn: ({ signal }) => api.get<AnomalyDetail>(`/anomaly/${id}`, undefined, signal),
        staleTime: MINUTE_MS,
      }),
    metrics: () => list<Metric>(['metrics'], '/metrics-catalogue', {}, 10 * MINUTE_MS),
    latest: (siteId: string) =>
      queryOptions({
        queryKey: latestKey(siteId),
        queryFn: ({ signal }) => api.get<LatestAnswer>('/telemetry/latest', { site_id: siteId }, signal),
        refetchInterval: MINUTE_MS,
      }),
    summary: (siteId: string) =>
      queryOptions({
        queryKey: ['summary', siteId],
        queryFn: ({ signal }) => api.get<SiteSummary>('/analytics/summary', { site_id: siteId }, signal),
        refetchInterval: MINUTE_MS / 2,
      }),
    telemetry: (request: TelemetryRequest) =>
      queryOptions({
        queryKey: ['telemetry', request],
        queryFn: ({ signal }) => api.get<TelemetryAnswer>('/telemetry', telemetryParams(request), signal),
        staleTime: MINUTE_MS / 2,
      }),
    balance: (siteId: string, window: Window, resolution: EnergyBalance['resolution']) =>
      queryOptions({
        queryKey: ['balance', siteId, window.start, window.end, resolution],
        queryFn: ({ signal }) =>
          api.get<EnergyBalance>(
            '/analytics/energy-balance',
            { site_id: siteId, start: iso(window.start), end: iso(window.end), resolution },
            signal,
          ),
        staleTime: MINUTE_MS,
      }),
    sessions: (siteId: string, firstDay: string, lastDay: string) =>
      list<ChargingSession>(
        ['sessions', siteId, firstDay, lastDay],
        '/charging-sessions',
        { site_id: siteId, start_date: firstDay, end_date: lastDay },
        MINUTE_MS,
      ),
    tariffs: () => list<Tariff>(['tariffs'], '/tariffs', {}, MINUTE_MS),
    compareTariffs: (siteId: string, window: Window, tariffIds: readonly string[]) =>
      queryOptions({
        queryKey: ['compare-tariffs', siteId, window.start, window.end, tariffIds],
        queryFn: () =>
          api.post<TariffComparison>('/tariffs/compare', {
            site_id: siteId,
            start: iso(window.start),
            end: iso(window.end),
            tariff_ids: tariffIds,
          }),
        staleTime: 5 * MINUTE_MS,
      }),
    storage: () =>
      queryOptions({
        queryKey: ['storage'],
        queryFn: ({ signal }) => api.get<StorageMetrics>('/storage/metrics', undefined, signal),
        refetchInterval: 5000,
      }),
    quarantine: () => list<QuarantinedValue>(['quarantine'], '/storage/quarantine', {}, MINUTE_MS / 2),
    setAside: () => list<SetAsideEntry>(['set-aside'], '/storage/set-aside', {}, MINUTE_MS / 2),
    sources: () => ({ ...list<SourceHealth>(['sources'], '/sources', {}, 5000), refetchInterval: 5000 }),
    /** Asked often while something runs. */
    scheduler: () =>
      queryOptions({
        queryKey: ['scheduler'],
        queryFn: ({ signal }) => api.get<SchedulerStatus>('/scheduler/status', undefined, signal),
        refetchInterval: ({ state }) => ((state.data?.running ?? 0) + (state.data?.queued ?? 0) > 0 ? 1000 : 15_000),
      }),
    backups: () => ({ ...list<KeptBackup>(['backups'], '/storage/backups', {}, 5000), refetchInterval: 5000 }),
    /** The report of a day of a site; without one, of today. */
    quality: (siteId: string, date: string | undefined) =>
      queryOptions({
        queryKey: ['quality', siteId, date],
        queryFn: ({ signal }) => api.get<QualityReport>('/storage/quality', { site_id: siteId, date }, signal),
        staleTime: 5 * MINUTE_MS,
      }),
    qualityDays: (siteId: string) =>
      queryOptions({
        queryKey: ['quality-days', siteId],
        queryFn: ({ signal }) => api.get<QualityDays>('/storage/quality/days', { site_id: siteId }, signal),
        staleTime: 5 * MINUTE_MS,
      }),
    repairs: () => list<Repair>(['repairs'], '/storage/repairs', {}, MINUTE_MS),
    /** Asked when nobody has typed for a moment. */
    importPreview: (uploadId: string, mapping: string) =>
      queryOptions({
        queryKey: ['import-preview', uploadId, mapping],
        queryFn: async ({ signal }) => {
          await pause(TYPING_MS, signal);
          return api.post<ImportPreview>(`/imports/uploads/${uploadId}/preview`, { mapping });
        },
        retry: false,
        staleTime: Number.POSITIVE_INFINITY,
      }),
    settings: () =>
      queryOptions({
        queryKey: ['settings'],
        queryFn: ({ signal }) => api.get<Settings>('/settings', undefined, signal),
        staleTime: 10 * MINUTE_MS,
      }),
    /** Asked often while the history moves to the disk. */
    features: () => ({
      ...list<Feature>(['features'], '/features', {}, MINUTE_MS),
      refetchInterval: ({ state }: { state: { data?: readonly Feature[] | undefined } }) =>
        state.data?.some(({ change }) => change?.state === 'running') ? 500 : false,
    }),
    users: () => list<User>(['users'], '/users', {}, MINUTE_MS),
    tokens: () => list<ApiToken>(['tokens'], '/tokens', {}, MINUTE_MS),
    audit: () =>
      queryOptions({
        queryKey: ['audit'],
        queryFn: ({ signal }) => api.get<Page<AuditEntry>>('/audit-log', { limit: 200 }, signal),
      }),
    layout: (name: string) =>
      queryOptions({
        queryKey: ['layout', name],
        queryFn: ({ signal }) => api.get<{ layout: unknown }>(`/settings/layouts/${name}`, undefined, signal),
        staleTime: Number.POSITIVE_INFINITY,
      }),
    health: () =>
      queryOptions({
        queryKey: ['health'],
        queryFn: async ({ signal }) => (await (await fetch(healthUrl, { signal })).json()) as Health,
        refetchInterval: 15_000,
      }),
  };

  /** Refused with a reason when there is too little history: asking again at once does not help. */
  function forecastOptions<T>(key: readonly unknown[], path: string, query: Record<string, string>) {
    return queryOptions({
      queryKey: ['forecast', ...key],
      queryFn: ({ signal }) => api.get<T>(path, query, signal),
      staleTime: MINUTE_MS,
      refetchInterval: 5 * MINUTE_MS,
    });
  }

  function list<T>(queryKey: readonly unknown[], path: string, query: Record<string, string>, staleTime: number) {
    return queryOptions({ queryKey, queryFn: ({ signal }) => api.list<T>(path, query, signal), staleTime });
  }
}
/** Whose load is foretold. */
export type ForecastOf = { readonly machine_id: string } | { readonly site: string };

export type Queries = ReturnType<typeof createQueries>;

export function latestKey(siteId: string): readonly unknown[] {
  return ['latest', siteId];
}

/** The query string of a telemetry request, as the API and its CSV and Parquet exports take it. */
export function telemetryParams(request: TelemetryRequest) {
  return {
    site_id: request.siteId,
    device_id: request.deviceIds,
    metric: request.metrics,
    start: iso(request.start),
    end: iso(request.end),
    bucket: request.bucket,
    aggregate: request.aggregate?.join(','),
    max_points: request.pointsMax,
  };
}

/** Waits; rejects at once when the question is no longer asked. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

function windowOf(machineId: string, { start, end }: Window) {
  return { machine_id: machineId, start: iso(start), end: iso(end) };
}

function iso(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
