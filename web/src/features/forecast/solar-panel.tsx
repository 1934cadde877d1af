import { useQuery } from '@tanstack/react-query';
import type { SolarForecast } from '@wattkeeper/contract/analytics/forecast.ts';
import { ApiProblem } from '@wattkeeper/contract/api-problem.ts';
import { MapPin } from 'lucide-react';
import { useMemo, useState } from 'react';
import { useFormat, useQueries, useText } from '../../app-context.tsx';
import { ChartLegend } from '../../charts/chart-legend.tsx';
import { TimeChart } from '../../charts/time-chart.tsx';
import type { ChartSeries } from '../../charts/uplot-options.ts';
import { useSite } from '../../site-context.tsx';
import { Button } from '../../ui/controls/button.tsx';
import { EmptyNote } from '../../ui/feedback/notice.tsx';
import { QueryView } from '../../ui/feedback/query-view.tsx';
import { plain } from '../../ui/format.ts';
import { Panel } from '../../ui/layout/panel.tsx';
import { useMayWrite } from '../../use-may-write.ts';
import { SiteDialog } from '../sites/site-dialog.tsx';
import { extentOf, solarFrame } from './forecast-frame.ts';

const HEIGHT_PX = 240;

/** The solar forecast; absent for a site without panels. */
export function SolarPanel({ horizon }: { readonly horizon: SolarForecast['horizon'] }) {
  const text = useText();
  const format = useFormat();
  const site = useSite();
  const placed = site.latitude !== null && site.longitude !== null;
  const query = useQuery({ ...useQueries().solarForecast(site.id, horizon), enabled: placed });
  if (!placed) return <PlaceWanted />;
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

/** A solar forecast needs a location; a site with panels is asked for it. */
function PlaceWanted() {
  const text = useText();
  const site = useSite();
  const mayWrite = useMayWrite();
  const [editing, setEditing] = useState(false);
  const latest = useQuery({ ...useQueries().latest(site.id), refetchInterval: false });
  const hasPanels = latest.data?.items.some(({ values }) =>
    Object.keys(values).some((metric) => metric.startsWith('solar.')),
  );
  if (!hasPanels) return null;
  return (
    <Panel title={text('forecast.solar')}>
      <EmptyNote title={text('sites.solar_needs_place')} icon={MapPin}>
        {mayWrite ? (
          <Button kind="primary" onClick={() => setEditing(true)}>
            {text('sites.set_place')}
          </Button>
        ) : null}
      </EmptyNote>
      {editing ? <SiteDialog site={site} onClose={() => setEditing(false)} /> : null}
    </Panel>
  );
}

function SolarChart({ forecast }: { readonly forecast: SolarForecast }) {
  const text = useText();
  const frame = useMemo(() => solarFrame(forecast), [forecast]);
  const series: ChartSeries[] = [
    { key: 'forecast', label: text('forecast.predicted'), colour: 'solar', unit: 'kW', dashed: true },
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
