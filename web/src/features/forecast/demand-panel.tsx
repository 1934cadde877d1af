import { useQuery } from '@tanstack/react-query';
import type { DemandForecast, ForecastHorizon } from '@wattkeeper/contract/analytics/forecast.ts';
import { MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import { useMemo } from 'react';
import { useFormat, useQueries, useText } from '../../app-context.tsx';
import { ChartLegend } from '../../charts/chart-legend.tsx';
import { instantOverlay } from '../../charts/overlays.ts';
import { TimeChart } from '../../charts/time-chart.tsx';
import type { ChartSeries } from '../../charts/uplot-options.ts';
import type { ForecastOf } from '../../data/queries.ts';
import { knownText } from '../../messages/known-text.ts';
import { WarningLine } from '../../ui/feedback/notice.tsx';
import { QueryView } from '../../ui/feedback/query-view.tsx';
import { plain } from '../../ui/format.ts';
import { useNow } from '../../ui/hooks/use-now.ts';
import { Panel } from '../../ui/layout/panel.tsx';
import { Table } from '../../ui/layout/table.tsx';
import styles from './forecast.module.css';
import { demandFrame, extentOf } from './forecast-frame.ts';
import { useSlotLabel } from './slot-label.ts';

interface DemandPanelProps {
  readonly subject: ForecastOf;
  readonly name: string;
  readonly horizon: ForecastHorizon;
}

const HEIGHT_PX = 300;

/** The measured and the forecast load. */
export function DemandPanel({ subject, name, horizon }: DemandPanelProps) {
  const text = useText();
  const format = useFormat();
  const query = useQuery(useQueries().demandForecast(subject, horizon));
  const note = query.data
    ? text('forecast.demand_note', {
        model: knownText(text, 'model', query.data.model.name, query.data.model.title),
        time: format.dateTime(Date.parse(query.data.forecast_generated_at)),
      })
    : undefined;
  return (
    <Panel title={text('forecast.demand', { name })} note={note}>
      <QueryView query={query} height={`${HEIGHT_PX}px`}>
        {(forecast) => (
          <>
            {forecast.warnings.map((warning) => (
              <WarningLine key={warning}>{warning}</WarningLine>
            ))}
            <DemandChart forecast={forecast} />
            <DemandTable forecast={forecast} />
          </>
        )}
      </QueryView>
    </Panel>
  );
}

function DemandChart({ forecast }: { readonly forecast: DemandForecast }) {
  const text = useText();
  const now = useNow(MINUTE_MS);
  const slotLabel = useSlotLabel(forecast.horizon);
  const frame = useMemo(() => demandFrame(forecast), [forecast]);
  const overlays = useMemo(() => [instantOverlay(now)], [now]);
  const series: ChartSeries[] = [
    { key: 'measured', label: text('forecast.measured'), colour: 'load', unit: 'kW' },
    { key: 'forecast', label: text('forecast.predicted'), colour: 'load', unit: 'kW', dashed: true },
  ];
  return (
    <>
      <ChartLegend series={series} />
      <TimeChart
        label={text('forecast.demand_label')}
        window={extentOf(frame)}
        frame={frame}
        series={series}
        height={HEIGHT_PX}
        overlays={overlays}
        timeLabel={slotLabel}
      />
    </>
  );
}

function DemandTable({ forecast }: { readonly forecast: DemandForecast }) {
  const text = useText();
  const format = useFormat();
  const slotLabel = useSlotLabel(forecast.horizon);
  const head = [
    text('forecast.time'),
    ...(['power', 'band_80', 'band_95'] as const).map((key) => ({ label: text(`forecast.${key}`), numeric: true })),
  ];
  const band = (low: number | null, high: number | null) =>
    `${plain(format.power(low))} – ${plain(format.power(high))}`;
  return (
    <details className={styles.details}>
      <summary>{text('forecast.table')}</summary>
      <Table caption={text('forecast.table')} head={head} maxHeight="24rem">
        {forecast.predictions.map((slot) => (
          <tr key={slot.timestamp}>
            <th scope="row">{slotLabel(Date.parse(slot.timestamp))}</th>
            <td data-numeric>{plain(format.power(slot.predicted_power_kw))}</td>
            <td data-numeric>{band(slot.lower_80, slot.upper_80)}</td>
            <td data-numeric>{band(slot.confidence_interval_lower, slot.confidence_interval_upper)}</td>
          </tr>
        ))}
      </Table>
    </details>
  );
}
