import { useQuery } from '@tanstack/react-query';
import type { ForecastAccuracy, ForecastHorizon } from '@wattkeeper/contract/analytics/forecast.ts';
import { useFormat, useQueries, useText } from '../../app-context.tsx';
import type { ForecastOf } from '../../data/queries.ts';
import { knownText } from '../../messages/known-text.ts';
import { QueryView } from '../../ui/feedback/query-view.tsx';
import { plain } from '../../ui/format.ts';
import { Stat, Stats } from '../../ui/layout/figure.tsx';
import { Panel } from '../../ui/layout/panel.tsx';
import { Table } from '../../ui/layout/table.tsx';
import styles from './forecast.module.css';
import { useSlotLabel } from './slot-label.ts';

interface SubjectProps {
  readonly subject: ForecastOf;
  readonly horizon: ForecastHorizon;
}

/** The forecast peak: time, power and prediction interval. */
export function PeakPanel({ subject, horizon }: SubjectProps) {
  const text = useText();
  const format = useFormat();
  const slotLabel = useSlotLabel(horizon);
  return (
    <Panel title={text('forecast.peak')}>
      <QueryView query={useQuery(useQueries().peakForecast(subject, horizon))} height="6rem">
        {(peak) => (
          <Stats>
            <Stat label={text('forecast.peak_at')} quantity={slotLabel(Date.parse(peak.timestamp))} />
            <Stat
              label={text('forecast.peak_power')}
              quantity={format.power(peak.power_kw)}
              note={text('forecast.peak_band', {
                low: plain(format.power(peak.lower_kw)),
                high: plain(format.power(peak.upper_kw)),
              })}
            />
            <Stat
              label={text('forecast.peak_sure')}
              quantity={format.share(peak.confidence)}
              note={text('forecast.peak_sure_note')}
            />
          </Stats>
        )}
      </QueryView>
    </Panel>
  );
}

/** Back-test errors of the chosen model, of the naive forecasts and of every model. */
export function AccuracyPanel({ subject, horizon }: SubjectProps) {
  const text = useText();
  const query = useQuery(useQueries().forecastAccuracy(subject, horizon));
  const note = query.data ? text('forecast.accuracy_note', { count: query.data.backtests }) : undefined;
  return (
    <Panel title={text('forecast.accuracy')} note={note}>
      <QueryView query={query} height="6rem">
        {(found) => (
          <>
            <Figures found={found} />
            {found.thorough ? null : <p className={styles.quiet}>{text('forecast.accuracy_quick')}</p>}
            <Models found={found} />
          </>
        )}
      </QueryView>
    </Panel>
  );
}

function Figures({ found }: { readonly found: ForecastAccuracy }) {
  const text = useText();
  const format = useFormat();
  const naive = found.models.find(({ name, title }) => [name, title].includes(found.naive_model));
  const percent = found.mape === null ? null : plain(format.share(found.mape / 100, 1));
  return (
    <Stats>
      <Stat
        label={text('forecast.error')}
        quantity={format.power(found.mae_kw)}
        note={percent === null ? undefined : text('forecast.mape_note', { percent })}
      />
      <Stat
        label={text('forecast.naive')}
        quantity={format.power(found.naive_mae_kw)}
        note={naive && knownText(text, 'model', naive.name, naive.title)}
      />
      <Stat
        label={text(found.skill < 0 ? 'forecast.skill_worse' : 'forecast.skill')}
        quantity={format.share(Math.abs(found.skill))}
      />
      <Stat label={text('forecast.covered_80')} quantity={format.share(found.coverage_80)} />
      <Stat label={text('forecast.covered_95')} quantity={format.share(found.coverage)} />
    </Stats>
  );
}

function Models({ found }: { readonly found: ForecastAccuracy }) {
  const text = useText();
  const format = useFormat();
  return (
    <details className={styles.details}>
      <summary>{text('forecast.models')}</summary>
      <Table
        caption={text('forecast.models')}
        head={[text('forecast.model'), { label: text('forecast.error'), numeric: true }]}
      >
        {found.models.map(({ name, title, mae_kw: mae, reason }) => (
          <tr key={name} aria-current={name === found.model.name ? 'true' : undefined}>
            <th scope="row">
              {knownText(text, 'model', name, title)}
              {reason ? <span className={styles.reason}>{reason}</span> : null}
            </th>
            <td data-numeric>{plain(format.power(mae))}</td>
          </tr>
        ))}
      </Table>
    </details>
  );
}
