import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { Anomaly } from '@wattkeeper/contract/analytics/anomaly.ts';
import { HOUR_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { useMemo } from 'react';
import { useQueries } from '../../app-context.tsx';
import type { Interval } from '../../charts/frame.ts';
import { intervalOverlay, type Overlay, priceOverlay } from '../../charts/overlays.ts';
import { dayOf, type Window } from '../../data/period.ts';
import { useSite } from '../../site-context.tsx';
import { useSitePrices } from '../../use-site-prices.ts';
import type { HistoryView } from './history-search.ts';
import type { SeriesOffer } from './series-choice.ts';

/** In a longer window, the bands of a day are thinner than a pixel. */
const MAX_PRICES_SPAN_MS = 40 * UTC_DAY_MS;
const SEVERITIES = ['warning', 'critical'] as const;

/** The overlays of a view: prices and charging sessions on all charts, anomalies on the charts of their device. */
export function useOverlays(view: HistoryView, window: Window, chosen: readonly SeriesOffer[]) {
  const site = useSite();
  const { prices, range } = useSitePrices(site, window, view.prices && window.end - window.start <= MAX_PRICES_SPAN_MS);
  const days = [dayOf(window.start, site.timezone), dayOf(window.end, site.timezone)] as const;
  const sessions = useQuery({ ...useQueries().sessions(site.id, ...days), enabled: view.sessions });
  const anomalies = useAnomalies(window, view.anomalies, chosen);
  const draw = useMemo(() => {
    const all: Overlay[] = range && prices.length > 0 ? [priceOverlay(prices, range)] : [];
    if (!view.sessions) return all;
    const intervals = (sessions.data ?? [])
      .filter(({ direction }) => direction === 'charge')
      .map(
        (session): Interval => ({
          start: Date.parse(session.start_time),
          end: session.end_time ? Date.parse(session.end_time) : window.end,
        }),
      );
    return [...all, intervalOverlay(intervals, 'battery')];
  }, [prices, range, sessions.data, view.sessions, window.end]);
  return { draw, priceRange: prices.length > 0 ? range : null, anomalies };
}

const NONE: readonly Anomaly[] = [];

/** Anomalies of the displayed devices in the window, newest first. */
function useAnomalies({ start, end }: Window, wanted: boolean, chosen: readonly SeriesOffer[]): readonly Anomaly[] {
  const site = useSite();
  const hours = {
    // Whole hours, so that a moving window does not request anomalies at each step.
    start: new Date(Math.floor(start / HOUR_MS) * HOUR_MS).toISOString(),
    end: new Date(Math.ceil(end / HOUR_MS) * HOUR_MS).toISOString(),
  };
  const query = useQueries().anomalies({ site_id: site.id, ...hours });
  const { data } = useQuery({ ...query, enabled: wanted, placeholderData: keepPreviousData });
  return useMemo(() => {
    const devices = new Set(chosen.map(({ deviceId }) => deviceId));
    const isInView = (one: Anomaly) =>
      devices.has(one.machine_id) && Date.parse(one.end) > start && Date.parse(one.start) < end;
    return wanted && data ? data.filter(isInView) : NONE;
  }, [data, wanted, chosen, start, end]);
}

/** Anomaly bands of the devices in a chart. */
export function anomalyOverlays(anomalies: readonly Anomaly[], seriesKeys: readonly string[]): Overlay[] {
  const own = anomalies.filter(({ machine_id: id }) => seriesKeys.some((key) => key.startsWith(`${id}:`)));
  return SEVERITIES.map((severity) =>
    intervalOverlay(
      own
        .filter((one) => one.severity === severity)
        .map(({ start, end }) => ({ start: Date.parse(start), end: Date.parse(end) })),
      severity,
    ),
  );
}
