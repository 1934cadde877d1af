import { useQueries as useAllQueries, useQuery } from '@tanstack/react-query';
import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import { ownValue } from '@wattkeeper/contract/own-value.ts';
import type { LatestAnswer, TelemetryAnswer } from '@wattkeeper/contract/telemetry.ts';
import { useMemo, useState } from 'react';
import { useQueries } from '../../app-context.tsx';
import type { Window } from '../../data/period.ts';
import type { TelemetryRequest } from '../../data/queries.ts';
import { useSite } from '../../site-context.tsx';
import { useNow } from '../../ui/hooks/use-now.ts';
import { useMetrics } from '../../use-metrics.ts';
import type { HistoryView } from './history-search.ts';
import { windowOf, windowStepMs } from './history-window.ts';
import { defaultSeries, type SeriesOffer, seriesOffers } from './series-choice.ts';

const ANY_STEP_MS = HOUR_MS;

/** The current window; one that ends now moves automatically. */
export function useHistoryWindow(range: HistoryView['range']): Window {
  const { timezone } = useSite();
  const step = windowStepMs(range);
  const now = useNow(Number.isFinite(step) ? step : ANY_STEP_MS);
  return useMemo(() => windowOf(range, now, timezone), [range, now, timezone]);
}

/** The available and the chosen series. */
export function useSeriesChoice(view: HistoryView) {
  const site = useSite();
  const queries = useQueries();
  const latest = useQuery({ ...queries.latest(site.id), refetchInterval: false });
  const devices = useQuery(queries.devices(site.id));
  const metrics = useMetrics();
  // Latest values are refetched at each visit; the list of series rarely changes.
  const known = latest.data?.items.map(({ device_id, values }) => `${device_id} ${Object.keys(values)}`).join();
  // biome-ignore lint/correctness/useExhaustiveDependencies: `known` represents the series in latest.data
  const offers = useMemo(
    () => (latest.data ? seriesOffers(latest.data, devices.data ?? [], metrics ?? []) : []),
    [known, devices.data, metrics],
  );
  const chosen = useMemo(() => {
    if (view.series.length === 0) return defaultSeries(offers);
    return view.series.flatMap(
      ({ deviceId, metric }) =>
        offers.find(
          (offer) => offer.metric === metric && (offer.deviceId === deviceId || offer.deviceName === deviceId),
        ) ?? [],
    );
  }, [view.series, offers]);
  return { offers, chosen, newestAt: newestOf(chosen, latest.data), query: latest };
}

/** Newest reading of the series, epoch milliseconds; null while unknown. */
function newestOf(chosen: readonly SeriesOffer[], latest: LatestAnswer | undefined): number | null {
  const valuesOf = new Map(latest?.items.map(({ device_id, values }) => [device_id, values]));
  const times = chosen.flatMap(({ deviceId, metric }) => ownValue(valuesOf.get(deviceId), metric)?.timestamp ?? []);
  return times.length === 0 ? null : Math.max(...times.map(Date.parse));
}

interface HistoryAnswers {
  readonly answers: readonly TelemetryAnswer[];
  readonly pending: boolean;
  readonly fetching: boolean;
  readonly error: Error | null;
  readonly retry: () => void;
}

/** History of the chosen series, one request per device, at the resolution of the screen. */
export function useHistoryAnswers(
  chosen: readonly SeriesOffer[],
  window: Window | null,
  points: number,
): HistoryAnswers {
  const queries = useQueries();
  const latest = useAllQueries({
    queries: telemetryRequests(chosen, window, points).map((request) => queries.telemetry(request)),
    combine: (results) => ({
      answers: results.flatMap(({ data }) => data ?? []),
      pending: results.some(({ data, isPending }) => isPending && data === undefined),
      fetching: results.some(({ isFetching }) => isFetching),
      error: results.find(({ error }) => error)?.error ?? null,
      retry: () => {
        for (const result of results) void result.refetch();
      },
    }),
  });
  return useLastAnswers(latest, window !== null);
}

/** Keeps the previous responses while those for another window load, so that charts and page do not jump. */
function useLastAnswers(latest: HistoryAnswers, wanted: boolean): HistoryAnswers {
  const [last, setLast] = useState<readonly TelemetryAnswer[]>([]);
  const { answers, pending } = latest;
  const isNew = answers.length !== last.length || answers.some((answer, i) => answer !== last[i]);
  if (!pending && isNew) setLast(answers);
  return wanted && pending && last.length > 0 ? { ...latest, answers: last, pending: false } : latest;
}

export function telemetryRequests(
  chosen: readonly SeriesOffer[],
  window: Window | null,
  points: number,
): TelemetryRequest[] {
  if (!window) return [];
  const byDevice = Map.groupBy(chosen, ({ deviceId }) => deviceId);
  return [...byDevice].map(([deviceId, offers]) => ({
    ...window,
    deviceIds: [deviceId],
    metrics: offers.map(({ metric }) => metric),
    bucket: 'auto',
    aggregate: offers.some(({ kind }) => kind === 'delta') ? ['mean', 'min', 'max', 'sum'] : ['mean', 'min', 'max'],
    pointsMax: points,
  }));
}
