import { useQuery } from '@tanstack/react-query';
import type { Anomaly } from '@wattkeeper/contract/analytics/anomaly.ts';
import type { Device } from '@wattkeeper/contract/device.ts';
import { HOUR_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import type { TelemetryAnswer } from '@wattkeeper/contract/telemetry.ts';
import { useMemo } from 'react';
import { useQueries, useText } from '../../app-context.tsx';
import { ChartLegend } from '../../charts/chart-legend.tsx';
import { alignSeries, type Frame } from '../../charts/frame.ts';
import { intervalOverlay } from '../../charts/overlays.ts';
import { TimeChart } from '../../charts/time-chart.tsx';
import type { ChartSeries } from '../../charts/uplot-options.ts';
import type { Window } from '../../data/period.ts';
import { EmptyNote } from '../../ui/feedback/notice.tsx';
import { QueryView } from '../../ui/feedback/query-view.tsx';
import { Panel } from '../../ui/layout/panel.tsx';

interface PowerPanelProps {
  readonly machine: Device;
  readonly window: Window;
  readonly anomalies: readonly Anomaly[];
}

const HEIGHT_PX = 280;
/** Bucket width by length of the window: at most 800 to 9,600 buckets. */
const BUCKETS = [
  { bucket: '15m', widthMs: HOUR_MS / 4, upToMs: 8 * UTC_DAY_MS },
  { bucket: '1h', widthMs: HOUR_MS, upToMs: 400 * UTC_DAY_MS },
  { bucket: '1d', widthMs: UTC_DAY_MS, upToMs: Number.POSITIVE_INFINITY },
] as const;

/** The power of a machine, with anomalies marked. */
export function PowerPanel({ machine, window, anomalies }: PowerPanelProps) {
  const text = useText();
  const { bucket, widthMs } = BUCKETS.find(({ upToMs }) => window.end - window.start <= upToMs)!;
  const query = useQuery(
    useQueries().telemetry({
      ...window,
      deviceIds: [machine.id],
      metrics: ['energy.power_kw'],
      bucket,
      aggregate: ['mean', 'min', 'max'],
    }),
  );
  return (
    <Panel title={text('machines.power')} note={text('machines.power_note')}>
      <QueryView query={query} height={`${HEIGHT_PX}px`}>
        {(answer) => <PowerChart answer={answer} window={window} anomalies={anomalies} widthMs={widthMs} />}
      </QueryView>
    </Panel>
  );
}

interface PowerChartProps extends Omit<PowerPanelProps, 'machine'> {
  readonly answer: TelemetryAnswer;
  readonly widthMs: number;
}

function PowerChart({ answer, window, anomalies, widthMs }: PowerChartProps) {
  const text = useText();
  const frame = useMemo(() => frameOf(answer, widthMs), [answer, widthMs]);
  const overlays = useMemo(
    () =>
      (['warning', 'critical'] as const).map((severity) =>
        intervalOverlay(
          anomalies
            .filter((one) => one.severity === severity)
            .map(({ start, end }) => ({ start: Date.parse(start), end: Date.parse(end) })),
          severity,
        ),
      ),
    [anomalies],
  );
  if (frame === null) return <EmptyNote title={text('machines.no_power')} />;
  const series: ChartSeries[] = [{ key: 'power', label: text('machines.mean_power'), colour: 'load', unit: 'kW' }];
  return (
    <>
      <ChartLegend series={series} />
      <TimeChart
        label={text('machines.power')}
        window={window}
        frame={frame}
        series={series}
        height={HEIGHT_PX}
        overlays={overlays}
      />
    </>
  );
}

/** Means at the middle of their buckets; null without data. */
function frameOf({ series }: TelemetryAnswer, widthMs: number): Frame | null {
  const [power] = series;
  if (power?.mean === undefined) return null;
  const { timestamps, mean, min, max } = power;
  return alignSeries([
    {
      times: timestamps.map((at) => Date.parse(at) + widthMs / 2),
      values: mean,
      ...(min && max && { low: min, high: max }),
      gapMs: 1.5 * widthMs,
    },
  ]);
}
