import { useQuery } from '@tanstack/react-query';
import type { BaselineModel } from '@wattkeeper/contract/analytics/baseline.ts';
import type { BaselineDeviation } from '@wattkeeper/contract/analytics/baseline-deviation.ts';
import type { Device } from '@wattkeeper/contract/device.ts';
import { useMemo, useState } from 'react';
import { useFormat, useQueries, useText } from '../../app-context.tsx';
import { ChartLegend } from '../../charts/chart-legend.tsx';
import type { Frame } from '../../charts/frame.ts';
import type { Token } from '../../charts/palette.ts';
import { TimeChart } from '../../charts/time-chart.tsx';
import type { ChartSeries } from '../../charts/uplot-options.ts';
import type { Window } from '../../data/period.ts';
import { CheckField } from '../../ui/controls/field.tsx';
import { EmptyNote, WarningLine } from '../../ui/feedback/notice.tsx';
import { QueryView } from '../../ui/feedback/query-view.tsx';
import { plain } from '../../ui/format.ts';
import { Stat, Stats } from '../../ui/layout/figure.tsx';
import { Panel } from '../../ui/layout/panel.tsx';
import styles from './baseline.module.css';
import { baselineFrames } from './baseline-series.ts';
import { DeviationTable } from './deviation-table.tsx';
import { ExportMenu } from './export-menu.tsx';
import { useDriverLabel } from './use-driver-label.ts';

interface ChartsPanelProps {
  readonly machine: Device;
  readonly model: BaselineModel;
  readonly window: Window;
}

/** Measured against expected energy over the range: total, course, residuals, contributions, CUSUM. */
export function ChartsPanel({ machine, model, window }: ChartsPanelProps) {
  const text = useText();
  const query = useQuery(useQueries().deviation(machine.id, window, model.model_id));
  return (
    <Panel
      title={text('baseline.of', { name: machine.name })}
      note={text('baseline.deviation')}
      actions={query.data ? <ExportMenu machine={machine} model={model} found={query.data} /> : undefined}
    >
      <QueryView query={query} height="30rem">
        {(found) => (
          <div className={styles.blocks}>
            {found.warnings.map((warning) => (
              <WarningLine key={warning}>{warning}</WarningLine>
            ))}
            {found.hours === 0 ? (
              <EmptyNote title={text('baseline.no_hours')} />
            ) : (
              <>
                <Totals found={found} />
                <Reasons found={found} />
                <Charts name={machine.name} found={found} window={window} />
              </>
            )}
          </div>
        )}
      </QueryView>
    </Panel>
  );
}

function Totals({ found }: { readonly found: BaselineDeviation }) {
  const text = useText();
  const format = useFormat();
  const uncertainty = text('baseline.uncertainty', { value: plain(format.energy(found.uncertainty_kwh)) });
  const percent = found.deviation_percent === null ? null : found.deviation_percent / 100;
  return (
    <Stats>
      <Stat label={text('baseline.actual')} quantity={format.energy(found.total_actual_kwh)} />
      <Stat
        label={text('baseline.predicted')}
        quantity={format.energy(found.total_predicted_kwh)}
        note={
          found.adjustment_kwh === 0
            ? undefined
            : `${text('baseline.adjusted')}: ${plain(format.energy(found.adjustment_kwh))}`
        }
      />
      <Stat
        label={text('baseline.difference')}
        quantity={format.energy(found.deviation_kwh)}
        note={`${plain(format.share(percent, 1))} · ${uncertainty} · ${text(`baseline.${found.deviation_severity}`)}`}
      />
      <Stat
        label={text('baseline.savings')}
        quantity={format.energy(found.savings.kwh)}
        note={`${uncertainty} · ${text(`baseline.${found.savings.verdict}`)}`}
      />
    </Stats>
  );
}

/** Reasons for the verdict on the savings. */
function Reasons({ found: { savings } }: { readonly found: BaselineDeviation }) {
  const text = useText();
  return (
    <details>
      <summary>{text('baseline.why', { verdict: text(`baseline.${savings.verdict}`) })}</summary>
      <ul>
        {savings.reasons.map((reason) => (
          <li key={reason}>{reason}</li>
        ))}
      </ul>
    </details>
  );
}

interface ChartsProps {
  readonly name: string;
  readonly found: BaselineDeviation;
  readonly window: Window;
}

const COLOURS: readonly Token[] = [
  'series-1',
  'series-2',
  'series-3',
  'series-4',
  'series-5',
  'series-6',
  'series-8',
  'series-9',
];

function Charts({ name, found, window }: ChartsProps) {
  const text = useText();
  const labelOf = useDriverLabel();
  const [table, setTable] = useState(false);
  const frames = useMemo(() => baselineFrames(found), [found]);
  const kwh = { unit: 'kWh' } as const;
  const line = (key: string, label: string, colour: Token): ChartSeries => ({ key, label, colour, ...kwh });
  const part = (one: string) => {
    if (one === 'day_of_week') return text('baseline.weekday');
    if (one === 'time_of_week' || one === 'temperature' || one === 'season') return text(`baseline.${one}`);
    return one === 'adjustments' ? text('baseline.adjusted') : labelOf(one);
  };
  const charts: [title: string, frame: Frame, series: ChartSeries[], height: number][] = [
    [
      text('baseline.chart_energy'),
      frames.energy,
      [
        line('actual', text('baseline.actual'), 'load'),
        { ...line('predicted', text('baseline.predicted'), 'series-2'), dashed: true },
      ],
      300,
    ],
    [
      text('baseline.chart_residuals'),
      frames.residuals,
      [line('residual', text('baseline.difference'), 'series-4')],
      180,
    ],
    [
      text('baseline.chart_contributions'),
      frames.contributions,
      frames.parts.map((one, i) => line(one, part(one), COLOURS[i % COLOURS.length]!)),
      220,
    ],
    [text('baseline.chart_cusum'), frames.cusum, [{ ...line('cusum', 'CUSUM', 'series-1'), filled: true }], 200],
  ];
  return (
    <>
      {charts.map(([title, frame, series, height]) => (
        <section key={title}>
          <h3>{title}</h3>
          {series.length > 1 ? <ChartLegend series={series} /> : null}
          <TimeChart
            label={text('baseline.chart_label', { title, name })}
            window={window}
            frame={frame}
            series={series}
            height={height}
            syncKey="baseline"
          />
        </section>
      ))}
      <CheckField label={text('baseline.show_table')} checked={table} onChange={() => setTable(!table)} />
      {table ? <DeviationTable found={found} /> : null}
    </>
  );
}
