import { useQuery } from '@tanstack/react-query';
import type { SolarForecast } from '@wattkeeper/contract/forecast.ts';
import { useMemo } from 'react';
import { useFormat, useQueries, useText } from '../../app-context.tsx';
import { ChartLegend } from '../../charts/chart-legend.tsx';
import { TimeChart } from '../../charts/time-chart.tsx';
import type { ChartSeries } from '../../charts/uplot-options.ts';
import { ApiProblem } from '../../data/problem.ts';
import { useSite } from '../../site-context.tsx';
import { plain } from '../../ui/format.ts';
import { Panel } from '../../ui/panel.tsx';
import { QueryView } from '../../ui/query-view.tsx';
import { extentOf, solarFrame } from './forecast-frame.ts';

const HEIGHT_PX = 240;

/** What the panels will give; a site without panels has none of it. */
export function SolarPanel({ horizon }: { readonly horizon: SolarForecast['horizon'] }) {
  const text = useText();
  const format = useFormat();
  const site = useSite();
  const query = useQuery(useQueries().solarForecast(site.id, horizon));
  if (query.error instanceof ApiProblem && query.error.code === 'no_data') return null;
  const note = query.data
    ? text(query.data.method === 'model' ? 'forecast.solar_note' : 'forecast.solar_persistence', {
        energy: plain(format.energy(query.data.energy_kwh)),
      })
    : undefined;
  return (
    <Panel title={text('forecast.solar')} note={note}>
      <QueryView query={query} height={`${HEIGHT_PX}px`}>
        {(forecast) => <SolarChart forecast={forecast} />}
      </QueryView>
    </Panel>
  );
}

function SolarChart({ forecast }: { readonly forecast: SolarForecast }) {
  const text = useText();
  const frame = useMemo(() => solarFrame(forecast), [forecast]);
  const series: ChartSeries[] = [
    { key: 'forecast', label: text('forecast.foretold'), colour: 'solar', unit: 'kW', dashed: true },
    { key: 'clear', label: text('forecast.clear_sky'), colour: 'ink-quiet', unit: 'kW' },
  ];
  return (
    <>
      <ChartLegend series={series} />
      <TimeChart
        label={text('forecast.solar_label')}
        window={extentOf(frame)}
        frame={frame}
        series={series}
        height={HEIGHT_PX}
      />
    </>
  );
}
