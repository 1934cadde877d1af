import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import type { ForecastHorizon } from '@wattkeeper/contract/analytics/forecast.ts';
import { ApiProblem } from '@wattkeeper/contract/api-problem.ts';
import { useQueries, useText } from '../../app-context.tsx';
import type { ForecastOf } from '../../data/queries.ts';
import { useSite } from '../../site-context.tsx';
import { SelectField } from '../../ui/controls/field.tsx';
import { Segmented } from '../../ui/controls/segmented.tsx';
import { EmptyNote } from '../../ui/feedback/notice.tsx';
import { PageBody, PageHead } from '../../ui/layout/page.tsx';
import { Panel } from '../../ui/layout/panel.tsx';
import { AccuracyPanel, PeakPanel } from './accuracy-panels.tsx';
import { DemandPanel } from './demand-panel.tsx';
import styles from './forecast.module.css';
import { FORECAST_HORIZONS } from './forecast-search.ts';
import { ShiftPanel } from './shift-panel.tsx';
import { SolarPanel } from './solar-panel.tsx';

/** Forecasts: load with prediction interval and accuracy, next peak, solar power, and the best time for shiftable loads. */
export function ForecastPage() {
  const text = useText();
  const site = useSite();
  const search = useSearch({ from: '/signed-in/forecast' });
  const navigate = useNavigate({ from: '/forecast' });
  const machines = useQuery(useQueries().machines(site.id));
  const horizon: ForecastHorizon = search.horizon ?? '24h';
  const machine = machines.data?.find(({ id }) => id === search.machine);
  const subject: ForecastOf = machine ? { machine_id: machine.id } : { site: site.id };
  const name = machine?.name ?? site.name;
  const demand = useQuery(useQueries().demandForecast(subject, horizon));
  const choose = (id: string) =>
    void navigate({ search: ({ machine: _, ...old }) => (id === '' ? old : { ...old, machine: id }) });
  return (
    <PageBody>
      <PageHead title={text('forecast.title')}>
        {machines.data && machines.data.length > 0 ? (
          <SelectField
            label={text('forecast.of')}
            value={machine?.id ?? ''}
            onChange={(event) => choose(event.target.value)}
          >
            <option value="">{text('forecast.whole_site')}</option>
            {machines.data.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </SelectField>
        ) : null}
        <Segmented
          label={text('forecast.horizon')}
          options={FORECAST_HORIZONS.map((value) => ({ value, label: text(`forecast.${value}`) }))}
          value={horizon}
          onChange={(value) => void navigate({ search: (old) => ({ ...old, horizon: value }) })}
        />
      </PageHead>
      {needsHistory(demand.error) ? (
        <Panel title={text('forecast.demand', { name })}>
          <EmptyNote title={text('forecast.too_early')}>{text('forecast.too_early_hint')}</EmptyNote>
        </Panel>
      ) : (
        <>
          <DemandPanel subject={subject} name={name} horizon={horizon} />
          <div className={styles.pair}>
            <PeakPanel subject={subject} horizon={horizon} />
            <AccuracyPanel subject={subject} horizon={horizon} />
          </div>
        </>
      )}
      {machine ? null : <SolarPanel horizon={horizon === '7d' ? '7d' : '24h'} />}
      {machine ? null : <ShiftPanel />}
    </PageBody>
  );
}

/** Whether a forecast was rejected because the history is too short, as on a new site. */
function needsHistory(error: unknown): boolean {
  if (!(error instanceof ApiProblem)) return false;
  return error.code === 'no_data' || error.fields.some(({ field }) => field === 'horizon');
}
