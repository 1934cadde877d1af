import type { Anomaly } from '@wattkeeper/contract/analytics/anomaly.ts';
import type { TelemetryAnswer } from '@wattkeeper/contract/telemetry.ts';
import { CircleOff } from 'lucide-react';
import { type Ref, useMemo } from 'react';
import { useFormat, useText } from '../../app-context.tsx';
import { gapOverlay, type Overlay } from '../../charts/overlays.ts';
import type { Token } from '../../charts/palette.ts';
import { TimeChart } from '../../charts/time-chart.tsx';
import type { Window } from '../../data/period.ts';
import type { PriceRange } from '../../data/price-level.ts';
import { useSite } from '../../site-context.tsx';
import { NewestButton } from '../../ui/controls/newest-button.tsx';
import { PriceScale } from '../../ui/controls/price-scale.tsx';
import { EmptyNote, ErrorNote, messageOf, WarningLine } from '../../ui/feedback/notice.tsx';
import { Skeleton } from '../../ui/feedback/skeleton.tsx';
import { AnomalyNotes } from './anomaly-notes.tsx';
import { useBucketLabel } from './bucket-label.ts';
import styles from './history.module.css';
import { bucketMs, type HistoryPanel, historyPanels, seriesData } from './history-panels.ts';
import type { HistoryView } from './history-search.ts';
import { HistoryTable } from './history-table.tsx';
import { comparedWindow } from './history-window.ts';
import type { SeriesOffer } from './series-choice.ts';
import { SeriesTable } from './series-table.tsx';
import { useHistoryAnswers } from './use-history.ts';
import { anomalyOverlays, useOverlays } from './use-overlays.ts';

interface HistoryChartsProps {
  readonly ref: Ref<HTMLDivElement>;
  readonly view: HistoryView;
  readonly window: Window;
  readonly points: number;
  readonly chosen: readonly SeriesOffer[];
  /** Newest reading of the series, epoch milliseconds. */
  readonly newestAt: number | null;
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
  const { ref, view, window, points, chosen, newestAt, colours, onWindow, onRemove } = props;
  const text = useText();
  const { data, compared, now, panels, bucket } = usePanels(props);
  const overlays = useOverlays(view, window, chosen);
  if (now.error && data.length === 0) return <ErrorNote error={now.error} onRetry={now.retry} />;
  if (now.pending && data.length === 0) return <Skeleton height={`${FIRST_HEIGHT_PX}px`} />;
  const empty = data.every(({ input }) => input.values.every((value) => value === null));
  return (
    <div className={styles.charts} data-fetching={now.fetching || undefined}>
      {now.error ? <WarningLine>{text('history.stale', { reason: messageOf(now.error) })}</WarningLine> : null}
      {[...new Set(now.answers.flatMap(({ warnings }) => warnings))].map((warning) => (
        <WarningLine key={warning}>{warning}</WarningLine>
      ))}
      <SeriesTable data={data} chosen={chosen} colours={colours} onRemove={onRemove} />
      {empty ? (
        <EmptyNote title={text('history.no_data')} icon={CircleOff}>
          {text('history.no_data_hint')}
          {newestAt !== null && newestAt < window.start ? (
            <NewestButton
              at={newestAt}
              onGo={() => onWindow({ start: newestAt - (window.end - window.start), end: newestAt + 1 })}
            />
          ) : null}
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
              anomalies={overlays.anomalies}
              onWindow={onWindow}
              bucketWidthMs={bucketMs(bucket)}
            />
          ))}
        </div>
      )}
      <Notes bucket={bucket} compared={compared.length > 0 ? view.compare : null} priceRange={overlays.priceRange} />
      <AnomalyNotes anomalies={overlays.anomalies} />
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

interface PanelChartProps {
  readonly panel: HistoryPanel;
  readonly window: Window;
  readonly first: boolean;
  readonly narrow: boolean;
  readonly overlays: readonly Overlay[];
  readonly anomalies: readonly Anomaly[];
  readonly onWindow: (window: Window) => void;
  readonly bucketWidthMs: number;
}

function PanelChart({ panel, window, first, narrow, overlays, anomalies, onWindow, bucketWidthMs }: PanelChartProps) {
  const text = useText();
  const timeLabel = useBucketLabel(bucketWidthMs);
  const all = useMemo(() => {
    const keys = panel.series.map(({ key }) => key);
    return [gapOverlay(panel.gaps), ...overlays, ...anomalyOverlays(anomalies, keys)];
  }, [panel, overlays, anomalies]);
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
  readonly bucket: TelemetryAnswer['bucket'];
  readonly compared: HistoryView['compare'];
  readonly priceRange: PriceRange | null;
}

function Notes({ bucket, compared, priceRange }: NotesProps) {
  const text = useText();
  const format = useFormat();
  const width = bucket === '1mo' ? format.month() : format.duration(bucketMs(bucket));
  return (
    <div className={styles.notes}>
      <p>
        {bucket === 'raw' ? text('history.raw') : text('history.aggregated', { bucket: width })}
        {compared ? ` ${text('history.dashed')}` : ''}
      </p>
      <p className={styles.gestures}>{text('history.gestures')}</p>
      {priceRange ? <PriceScale range={priceRange} /> : null}
    </div>
  );
}
