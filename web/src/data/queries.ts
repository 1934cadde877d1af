import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import type { CustomKpiPreviewRequest } from '@wattkeeper/contract/analytics/custom-kpi.ts';
import type { ForecastHorizon, SolarForecast } from '@wattkeeper/contract/analytics/forecast.ts';
import { type ApiClient, type QueryOf, withQuery } from '@wattkeeper/contract/client.ts';
import { MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import type { Endpoint } from '@wattkeeper/contract/endpoint.ts';
import { getMe, listAuditLog, listTokens, listUsers } from '@wattkeeper/contract/endpoints/access.ts';
import { getEnergyBalance, getSummary } from '@wattkeeper/contract/endpoints/analytics.ts';
import { getAnomaly, listAnomalies } from '@wattkeeper/contract/endpoints/anomaly.ts';
import { getDeviation, listAdjustments, listBaselines, listDrivers } from '@wattkeeper/contract/endpoints/baseline.ts';
import { listChargingSessions } from '@wattkeeper/contract/endpoints/charging.ts';
import { listDevices, listMachines } from '@wattkeeper/contract/endpoints/devices.ts';
import {
  forecastDemand,
  forecastPeak,
  forecastSolar,
  getForecastAccuracy,
} from '@wattkeeper/contract/endpoints/forecast.ts';
import { previewUpload } from '@wattkeeper/contract/endpoints/imports.ts';
import { getJob, getScheduler, listJobs } from '@wattkeeper/contract/endpoints/jobs.ts';
import { getKpis, listCustomKpis, listCustomKpiValues, previewCustomKpi } from '@wattkeeper/contract/endpoints/kpi.ts';
import { listMetrics } from '@wattkeeper/contract/endpoints/metrics.ts';
import { getQuality, listQualityDays, listRepairs } from '@wattkeeper/contract/endpoints/quality.ts';
import { getHealth, listSources } from '@wattkeeper/contract/endpoints/service.ts';
import { getLayout, getSettings, listFeatures } from '@wattkeeper/contract/endpoints/settings.ts';
import { listSites } from '@wattkeeper/contract/endpoints/sites.ts';
import {
  getStorageMetrics,
  listBackups,
  listQuarantine,
  listSetAside,
} from '@wattkeeper/contract/endpoints/storage.ts';
import { compareTariffs, listTariffs } from '@wattkeeper/contract/endpoints/tariffs.ts';
import { getLatest, getTelemetry } from '@wattkeeper/contract/endpoints/telemetry.ts';
import type { Feature, Health } from '@wattkeeper/contract/service.ts';
import type { Aggregate, Bucket } from '@wattkeeper/contract/telemetry.ts';
import type { Window } from './period.ts';

export interface TelemetryRequest extends Window {
  readonly siteId?: string;
  readonly deviceIds?: readonly string[];
  readonly metrics: readonly string[];
  readonly bucket: Bucket;
  readonly aggregate?: readonly Aggregate[];
  readonly pointsMax?: number;
}

/** Filter of anomalies, with the API's parameter names. */
export interface AnomalyFilter {
  readonly site_id: string;
  readonly machine_id?: string;
  readonly severity?: 'warning' | 'critical';
  readonly active?: 'true' | 'false';
  readonly start: string;
  readonly end?: string;
}

/** Pause after the last keystroke before the input is checked. */
const TYPING_MS = 250;

/** Every query of the pages, with its key and its stale time. */
export function createQueries(api: ApiClient) {
  return {
    me: () =>
      queryOptions({
        queryKey: ['me'],
        queryFn: async ({ signal }) => {
          const me = await api.call(getMe, { signal });
          api.csrfToken = me.csrf_token;
          return me;
        },
        staleTime: 10 * MINUTE_MS,
        retry: false,
      }),
    sites: () => list(['sites'], listSites, {}, MINUTE_MS),
    devices: (siteId: string) => list(['devices', siteId], listDevices, { site_id: siteId }, MINUTE_MS),
    metered: (siteId: string) =>
      list(['devices', siteId, 'metered'], listDevices, { site_id: siteId, metered: true }, MINUTE_MS),
    machines: (siteId: string) => list(['machines', siteId], listMachines, { site_id: siteId }, MINUTE_MS),
    kpis: (machineId: string, window: Window) =>
      queryOptions({
        queryKey: ['kpis', machineId, window.start, window.end],
        queryFn: ({ signal }) => api.call(getKpis, { query: windowOf(machineId, window), signal }),
        staleTime: 5 * MINUTE_MS,
      }),
    customKpis: () => list(['custom-kpis'], listCustomKpis, {}, MINUTE_MS),
    customKpiValues: (machineId: string, window: Window) =>
      list(
        ['custom-kpis', 'values', machineId, window.start, window.end],
        listCustomKpiValues,
        windowOf(machineId, window),
        5 * MINUTE_MS,
      ),
    /** Requested after a pause in typing; the previous result is shown until then. */
    customKpiPreview: (request: CustomKpiPreviewRequest) =>
      queryOptions({
        queryKey: ['custom-kpi-preview', request],
        queryFn: async ({ signal }) => {
          await pause(TYPING_MS, signal);
          return api.call(previewCustomKpi, { body: request });
        },
        placeholderData: keepPreviousData,
        staleTime: MINUTE_MS,
      }),
    baselines: (machineId: string) =>
      list(['baseline', machineId, 'models'], listBaselines, { machine_id: machineId }, MINUTE_MS),
    drivers: (machineId: string) =>
      queryOptions({
        queryKey: ['baseline', machineId, 'drivers'],
        queryFn: ({ signal }) => api.call(listDrivers, { query: { machine_id: machineId, suggest: false }, signal }),
        staleTime: 5 * MINUTE_MS,
      }),
    /** Suggested drivers: slower than the list. */
    driverSuggestion: (machineId: string, window: Window) =>
      queryOptions({
        queryKey: ['baseline-suggestion', machineId, window.start, window.end],
        queryFn: ({ signal }) => api.call(listDrivers, { query: windowOf(machineId, window), signal }),
        staleTime: 5 * MINUTE_MS,
      }),
    deviation: (machineId: string, window: Window, modelId: string) =>
      queryOptions({
        queryKey: ['baseline', machineId, 'deviation', window.start, window.end, modelId],
        queryFn: ({ signal }) =>
          api.call(getDeviation, { query: { ...windowOf(machineId, window), model_id: modelId }, signal }),
        staleTime: 5 * MINUTE_MS,
      }),
    adjustments: (machineId: string) =>
      list(['baseline', machineId, 'adjustments'], listAdjustments, { machine_id: machineId }, MINUTE_MS),
    /** The newest migration, if any; refetched while it runs. */
    lastMigration: () =>
      queryOptions({
        queryKey: ['migration'],
        queryFn: async ({ signal }) =>
          (await api.call(listJobs, { query: { name: 'migration', limit: 1 }, signal })).items,
        refetchInterval: ({ state }) => (state.data?.[0]?.finished_at === null ? 1000 : MINUTE_MS),
      }),
    /** Refetched until it has ended. */
    job: (id: string) =>
      queryOptions({
        queryKey: ['job', id],
        queryFn: ({ signal }) => api.call(getJob, { params: { id }, signal }),
        refetchInterval: ({ state }) => (state.data?.finished_at ? false : 400),
      }),
    demandForecast: (subject: ForecastOf, horizon: ForecastHorizon) =>
      forecastOptions(['demand', subject, horizon], forecastDemand, { ...subject, horizon }),
    peakForecast: (subject: ForecastOf, horizon: ForecastHorizon) =>
      forecastOptions(['peak', subject, horizon], forecastPeak, { ...subject, horizon }),
    forecastAccuracy: (subject: ForecastOf, horizon: ForecastHorizon) =>
      forecastOptions(['accuracy', subject, horizon], getForecastAccuracy, { ...subject, horizon }),
    solarForecast: (siteId: string, horizon: SolarForecast['horizon']) =>
      forecastOptions(['solar', siteId, horizon], forecastSolar, { site: siteId, horizon }),
    anomalies: (filter: AnomalyFilter) => list(['anomalies', 'list', filter], listAnomalies, { ...filter }, MINUTE_MS),
    /** The windows examined for anomalies, by device. */
    examinedTimes: (filter: Pick<AnomalyFilter, 'site_id' | 'machine_id'>) =>
      queryOptions({
        queryKey: ['anomalies', 'examined', filter],
        queryFn: async ({ signal }) =>
          (await api.call(listAnomalies, { query: { ...filter, limit: 1 }, signal })).examined,
        staleTime: MINUTE_MS,
      }),
    anomaly: (id: string) =>
      queryOptions({
        queryKey: ['anomalies', id],
        queryFn: ({ signal }) => api.call(getAnomaly, { params: { id }, signal }),
        staleTime: MINUTE_MS,
      }),
    metrics: () => list(['metrics'], listMetrics, {}, 10 * MINUTE_MS),
    latest: (siteId: string) =>
      queryOptions({
        queryKey: latestKey(siteId),
        queryFn: ({ signal }) => api.call(getLatest, { query: { site_id: siteId }, signal }),
        refetchInterval: MINUTE_MS,
      }),
    summary: (siteId: string) =>
      queryOptions({
        queryKey: ['summary', siteId],
        queryFn: ({ signal }) => api.call(getSummary, { query: { site_id: siteId }, signal }),
        refetchInterval: MINUTE_MS / 2,
      }),
    telemetry: (request: TelemetryRequest) =>
      queryOptions({
        queryKey: ['telemetry', request],
        queryFn: ({ signal }) => api.call(getTelemetry, { query: telemetryParams(request), signal }),
        staleTime: MINUTE_MS / 2,
      }),
    balance: (siteId: string, window: Window, resolution: QueryOf<typeof getEnergyBalance>['resolution']) =>
      queryOptions({
        queryKey: ['balance', siteId, window.start, window.end, resolution],
        queryFn: ({ signal }) =>
          api.call(getEnergyBalance, {
            query: { site_id: siteId, start: iso(window.start), end: iso(window.end), resolution },
            signal,
          }),
        staleTime: MINUTE_MS,
      }),
    sessions: (siteId: string, firstDay: string, lastDay: string) =>
      list(
        ['sessions', siteId, firstDay, lastDay],
        listChargingSessions,
        { site_id: siteId, start_date: firstDay, end_date: lastDay },
        MINUTE_MS,
      ),
    tariffs: () => list(['tariffs'], listTariffs, {}, MINUTE_MS),
    compareTariffs: (siteId: string, window: Window, tariffIds: readonly string[]) =>
      queryOptions({
        queryKey: ['compare-tariffs', siteId, window.start, window.end, tariffIds],
        queryFn: () =>
          api.call(compareTariffs, {
            body: {
              site_id: siteId,
              start: iso(window.start),
              end: iso(window.end),
              tariff_ids: [...tariffIds],
            },
          }),
        staleTime: 5 * MINUTE_MS,
      }),
    storage: () =>
      queryOptions({
        queryKey: ['storage'],
        queryFn: ({ signal }) => api.call(getStorageMetrics, { signal }),
        refetchInterval: 5000,
      }),
    quarantine: () => list(['quarantine'], listQuarantine, {}, MINUTE_MS / 2),
    setAside: () => list(['set-aside'], listSetAside, {}, MINUTE_MS / 2),
    sources: () => ({ ...list(['sources'], listSources, {}, 5000), refetchInterval: 5000 }),
    /** Refetched often while a job runs. */
    scheduler: () =>
      queryOptions({
        queryKey: ['scheduler'],
        queryFn: ({ signal }) => api.call(getScheduler, { signal }),
        refetchInterval: ({ state }) => ((state.data?.running ?? 0) + (state.data?.queued ?? 0) > 0 ? 1000 : 15_000),
      }),
    backups: () => ({ ...list(['backups'], listBackups, {}, 5000), refetchInterval: 5000 }),
    /** The report of a site for a day; default: today. */
    quality: (siteId: string, date: string | undefined) =>
      queryOptions({
        queryKey: ['quality', siteId, date],
        queryFn: ({ signal }) => api.call(getQuality, { query: { site_id: siteId, date }, signal }),
        staleTime: 5 * MINUTE_MS,
      }),
    qualityDays: (siteId: string) =>
      queryOptions({
        queryKey: ['quality-days', siteId],
        queryFn: ({ signal }) => api.call(listQualityDays, { query: { site_id: siteId }, signal }),
        staleTime: 5 * MINUTE_MS,
      }),
    repairs: () => list(['repairs'], listRepairs, {}, MINUTE_MS),
    /** Requested after a pause in typing. */
    importPreview: (uploadId: string, mapping: string) =>
      queryOptions({
        queryKey: ['import-preview', uploadId, mapping],
        queryFn: async ({ signal }) => {
          await pause(TYPING_MS, signal);
          return api.call(previewUpload, { params: { id: uploadId }, body: { mapping } });
        },
        retry: false,
        staleTime: Number.POSITIVE_INFINITY,
      }),
    settings: () =>
      queryOptions({
        queryKey: ['settings'],
        queryFn: ({ signal }) => api.call(getSettings, { signal }),
        staleTime: 10 * MINUTE_MS,
      }),
    /** Refetched often while the history is written to disk. */
    features: () => ({
      ...list(['features'], listFeatures, {}, MINUTE_MS),
      refetchInterval: ({ state }: { state: { data?: readonly Feature[] | undefined } }) =>
        state.data?.some(({ change }) => change?.state === 'running') ? 500 : false,
    }),
    users: () => list(['users'], listUsers, {}, MINUTE_MS),
    tokens: () => list(['tokens'], listTokens, {}, MINUTE_MS),
    audit: () =>
      queryOptions({
        queryKey: ['audit'],
        queryFn: ({ signal }) => api.call(listAuditLog, { query: { limit: 200 }, signal }),
      }),
    layout: (name: string) =>
      queryOptions({
        queryKey: ['layout', name],
        queryFn: ({ signal }) => api.call(getLayout, { params: { name }, signal }),
        staleTime: Number.POSITIVE_INFINITY,
      }),
    health: () =>
      queryOptions({
        queryKey: ['health'],
        queryFn: async ({ signal }) => (await api.call(getHealth, { signal })) as Health,
        refetchInterval: 15_000,
      }),
  };

  /** Rejected with a reason when there is too little history; retrying does not help. */
  function forecastOptions<E extends Endpoint>(key: readonly unknown[], endpoint: E, query: QueryOf<E>) {
    return queryOptions({
      queryKey: ['forecast', ...key],
      queryFn: ({ signal }) => api.call(endpoint, ...withQuery<E>(query, signal)),
      staleTime: MINUTE_MS,
      refetchInterval: 5 * MINUTE_MS,
    });
  }

  function list<E extends Endpoint>(queryKey: readonly unknown[], endpoint: E, query: QueryOf<E>, staleTime: number) {
    return queryOptions({
      queryKey,
      queryFn: ({ signal }) => api.list(endpoint, ...withQuery<E>(query, signal)),
      staleTime,
    });
  }
}
/** The device whose load is forecast. */
export type ForecastOf = { readonly machine_id: string } | { readonly site: string };

export type Queries = ReturnType<typeof createQueries>;

export function latestKey(siteId: string): readonly unknown[] {
  return ['latest', siteId];
}

/** The query string of a telemetry request, for the API and its CSV and Parquet exports. */
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

/** Waits; rejects immediately when the query is cancelled. */
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
