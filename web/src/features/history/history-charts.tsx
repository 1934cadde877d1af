import { useQuery } from '@tanstack/react-query';
import { CircleOff } from 'lucide-react';
import { type Ref, useMemo } from 'react';
import { useQueries, useText } from '../../app-context.tsx';
import type { Interval } from '../../charts/frame.ts';
import { gapOverlay, intervalOverlay, type Overlay, priceOverlay } from '../../charts/overlays.ts';
import type { Token } from '../../charts/palette.ts';
import { TimeChart } from '../../charts/time-chart.tsx';
import { dayOf, type Window } from '../../data/period.ts';
import { useSite } from '../../site-context.tsx';
import { EmptyNote, ErrorNote, messageOf, WarningLine } from '../../ui/notice.tsx';
import { PriceScale } from '../../ui/price-scale.tsx';
import { Skeleton } from '../../ui/skeleton.tsx';
import { useBucketLabel } from './bucket-label.ts';
import styles from './history.module.css';
import { bucketMs, type HistoryPanel, historyPanels, seriesData } from './history-panels.ts';
import type { HistoryView } from './history-search.ts';
import { HistoryTable } from './history-table.tsx';
import { comparedWindow } from './history-window.ts';
import type { SeriesOffer } from './series-choice.ts';
import { SeriesTable } from './series-table.tsx';
import { useHistoryAnswers } from './use-history.ts';
import { usePriceOverlayData } from './use-overlays.ts';

interface HistoryChartsProps {
  readonly ref: Ref<HTMLDivElement>;
  readonly view: HistoryView;
  readonly window: Window;
  readonly points: number;
  readonly chosen: readonly SeriesOffer[];
  readonly colours: readonly Token[];
  readonly onWindow: (window: Window) => void;
  readonly onRemove: (key: string) => void;
}

const FIRST_HEIGHT_PX = 380;
const NEXT_HEIGHT_PX = 220;
const PHONE_HEIGHT_PX = 280;
const SYNC_KEY = 'history';

/** The charts of the view with their legend, notes and table. */
export function HistoryCharts(props: HistoryChartsProps) {
  const { ref, view, window, points, chosen, colours, onWindow, onRemove } = props;
  const text = useText();
  const { data, compared, now, panels, bucket } = usePanels(props);
  const overlays = useOverlays(view, window);
  if (now.error && data.length === 0) return <ErrorNote error={now.error} onRetry={now.retry} />;
  if (now.pending && data.length === 0) return <Skeleton height={`${FIRST_HEIGHT_PX}px`} />;
  const empty = data.every(({ input }) => input.values.every((value) => value === null));
  return (
    <div className={styles.charts} data-fetching={now.fetching || undefined}>
      {now.error ? <WarningLine>{text('history.stale', { reason: messageOf(now.error) })}</WarningLine> : null}
      <SeriesTable data={data} chosen={chosen} colours={colours} onRemove={onRemove} />
      {empty ? (
        <EmptyNote title={text('history.no_data')} icon={CircleOff}>
          {text('history.no_data_hint')}
        </EmptyNote>
      ) : (
        <div ref={ref} className={styles.panels}>
          {panels.map((panel, i) => (
            <PanelChart
              key={panel.series.map(({ key }) => key).join()}
              panel={panel}
              window={window}
              first={i === 0}
              narrow={points < 600}
              overlays={overlays.draw}
              onWindow={onWindow}
              bucketWidthMs={bucketMs(bucket)}
            />
          ))}
        </div>
      )}
      <Notes bucket={bucket} compared={compared.length > 0 ? view.compare : null} prices={overlays.prices} />
      {view.table ? <HistoryTable panels={panels} bucketWidthMs={bucketMs(bucket)} /> : null}
    </div>
  );
}

function usePanels({ view, window, points, chosen, colours }: HistoryChartsProps) {
  const { timezone } = useSite();
  const text = useText();
  const before = view.compare ? comparedWindow(view.compare, window, timezone) : null;
  const now = useHistoryAnswers(chosen, window, points);
  const then = useHistoryAnswers(chosen, before, points);
  const shift = before ? window.start - before.start : 0;
  const data = useMemo(() => seriesData(chosen, colours, now.answers), [chosen, colours, now.answers]);
  const compared = useMemo(
    () => (view.compare ? seriesData(chosen, colours, then.answers, shift) : []),
    [view.compare, chosen, colours, then.answers, shift],
  );
  const several = new Set(chosen.map(({ deviceId }) => deviceId)).size > 1;
  const panels = useMemo(() => {
    const labelOf = (offer: SeriesOffer, earlier: boolean) => {
      const name = several ? `${offer.label} · ${offer.deviceName}` : offer.label;
      return earlier ? text('history.earlier_of', { name }) : name;
    };
    return historyPanels(data, compared, labelOf, window);
  }, [data, compared, several, text, window]);
  return { data, compared, now, panels, bucket: data[0]?.bucket ?? 'raw' };
}

function useOverlays(view: HistoryView, window: Window) {
  const site = useSite();
  const prices = usePriceOverlayData(window, view.prices);
  const days = [dayOf(window.start, site.timezone), dayOf(window.end, site.timezone)] as const;
  const sessions = useQuery({ ...useQueries().sessions(site.id, ...days), enabled: view.sessions });
  const draw = useMemo(() => {
    const all: Overlay[] = prices.length > 0 ? [priceOverlay(prices)] : [];
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
  }, [prices, sessions.data, view.sessions, window.end]);
  return { draw, prices };
}

interface PanelChartProps {
  readonly panel: HistoryPanel;
  readonly window: Window;
  readonly first: boolean;
  readonly narrow: boolean;
  readonly overlays: readonly Overlay[];
  readonly onWindow: (window: Window) => void;
  readonly bucketWidthMs: number;
}

function PanelChart({ panel, window, first, narrow, overlays, onWindow, bucketWidthMs }: PanelChartProps) {
  const text = useText();
  const timeLabel = useBucketLabel(bucketWidthMs);
  const all = useMemo(() => [gapOverlay(panel.gaps), ...overlays], [panel.gaps, overlays]);
  const height = first ? (narrow ? PHONE_HEIGHT_PX : FIRST_HEIGHT_PX) : NEXT_HEIGHT_PX;
  return (
    <TimeChart
      label={text('history.chart_label', { series: panel.series.map(({ label }) => label).join(', ') })}
      window={window}
      frame={panel.frame}
      series={panel.series}
      height={height}
      overlays={all}
      onWindow={onWindow}
      syncKey={SYNC_KEY}
      timeLabel={timeLabel}
    />
  );
}

interface NotesProps {
  readonly bucket: string;
  readonly compared: HistoryView['compare'];
  readonly prices: readonly { readonly price: number }[];
}

function Notes({ bucket, compared, prices }: NotesProps) {
  const text = useText();
  const values = prices.map(({ price }) => price);
  return (
    <div className={styles.notes}>
      <p>
        {text(bucket === 'raw' ? 'history.raw' : 'history.aggregated', { bucket })}
        {compared ? ` ${text('history.dashed')}` : ''}
      </p>
      {values.length > 0 ? <PriceScale least={Math.min(...values)} greatest={Math.max(...values)} /> : null}
    </div>
  );
}
