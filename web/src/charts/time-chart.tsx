import 'uplot/dist/uPlot.min.css';
import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import uPlot from 'uplot';
import { useFormat } from '../app-context.tsx';
import { useWidth } from '../ui/hooks/use-width.ts';
import { ChartTip } from './chart-tip.tsx';
import type { Frame, Interval } from './frame.ts';
import { addGestures } from './gestures.ts';
import type { Overlay } from './overlays.ts';
import styles from './time-chart.module.css';
import type { Tip } from './tip.ts';
import { type ChartSeries, chartData, chartOptions } from './uplot-options.ts';
import { usePalette } from './use-palette.ts';

interface TimeChartProps {
  /** Text alternative of the chart for screen readers. */
  readonly label: string;
  readonly window: Interval;
  readonly frame: Frame;
  /** One per column of the frame. */
  readonly series: readonly ChartSeries[];
  readonly height: number;
  readonly overlays?: readonly Overlay[];
  /** Without it the chart cannot be zoomed. */
  readonly onWindow?: ((window: Interval) => void) | undefined;
  /** Charts with the same key share their cursor. */
  readonly syncKey?: string;
  /** Label of an instant in the tooltip; default: day and clock time. */
  readonly timeLabel?: ((at: number) => string) | undefined;
}

/** A line chart over time, drawn by uPlot, which pans hundreds of thousands of points smoothly. */
export function TimeChart(props: TimeChartProps) {
  const { label, window, frame, series, height, overlays = [], onWindow, syncKey, timeLabel } = props;
  const format = useFormat();
  const palette = usePalette();
  const { ref, width } = useWidth<HTMLDivElement>();
  const chart = useRef<uPlot | null>(null);
  const latest = useRef({ overlays, onWindow, window });
  const [tip, setTip] = useState<Tip | null>(null);
  useLayoutEffect(() => {
    latest.current = { overlays, onWindow, window };
  });
  const shape = JSON.stringify(series.map(({ label: _, ...style }) => style));
  // biome-ignore lint/correctness/useExhaustiveDependencies: `shape` represents `series`, whose identity changes with each response
  useLayoutEffect(() => {
    const target = ref.current;
    if (!target || width === 0) return;
    const plot = new uPlot(
      chartOptions({
        width,
        height,
        series,
        format,
        palette,
        ...(syncKey ? { syncKey } : {}),
        window: () => latest.current.window,
        zooms: () => latest.current.onWindow !== undefined,
        onZoom: (zoomed) => latest.current.onWindow?.(zoomed),
        overlays: () => latest.current.overlays,
        onCursor: setTip,
      }),
      chartData(frame),
      target,
    );
    chart.current = plot;
    const release = addGestures(plot, {
      zooms: () => latest.current.onWindow !== undefined,
      onWindow: (zoomed) => latest.current.onWindow?.(zoomed),
    });
    return () => {
      release();
      plot.destroy();
      chart.current = null;
      setTip(null);
    };
  }, [width, height, shape, format, palette, syncKey]);
  useEffect(() => {
    chart.current?.setData(chartData(frame), false);
    chart.current?.setScale('x', { min: window.start, max: window.end });
  }, [frame, window.start, window.end]);
  useEffect(() => {
    void overlays;
    chart.current?.redraw(false);
  }, [overlays]);
  return (
    <div className={styles.chart} style={{ minHeight: height }} role="img" aria-label={label}>
      <div ref={ref} />
      {tip ? <ChartTip tip={tip} frame={frame} series={series} width={width} timeLabel={timeLabel} /> : null}
    </div>
  );
}
