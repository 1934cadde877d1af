import type { BaselineModel } from '@wattkeeper/contract/analytics/baseline.ts';
import { ownValue } from '@wattkeeper/contract/own-value.ts';
import { useFormat, useText } from '../../app-context.tsx';
import { WarningLine } from '../../ui/feedback/notice.tsx';
import type { Formatter } from '../../ui/format.ts';
import { Stat, Stats } from '../../ui/layout/figure.tsx';
import { Panel } from '../../ui/layout/panel.tsx';
import { Table } from '../../ui/layout/table.tsx';
import styles from './baseline.module.css';
import { useDriverLabel } from './use-driver-label.ts';

/** A version with the details that an audit needs. */
export function ModelPanel({ model }: { readonly model: BaselineModel }) {
  const text = useText();
  const format = useFormat();
  const day = (instant: string) => format.day(Date.parse(instant));
  const use = text(model.is_active ? 'baseline.in_use' : 'baseline.not_in_use');
  const trained = text('baseline.trained_on', {
    model: text(`baseline.${model.model_name}`),
    start: day(model.time_period.start),
    // The end is exclusive: a period is named by its last day.
    end: format.day(Date.parse(model.time_period.end) - 1),
  });
  const title = text('baseline.version', { version: String(model.model_version) });
  return (
    <Panel title={`${title} · ${use}`} note={trained}>
      <div className={styles.blocks}>
        {model.warnings.map((warning) => (
          <WarningLine key={warning}>{warning}</WarningLine>
        ))}
        <Statistics model={model} />
        <Coefficients model={model} />
        {model.candidates.length > 1 ? <Candidates model={model} /> : null}
        <Criteria model={model} />
      </div>
    </Panel>
  );
}

function Statistics({ model }: { readonly model: BaselineModel }) {
  const text = useText();
  const format = useFormat();
  const kwh = (value: number) => ({ value: format.number(value, 2), unit: 'kWh' });
  return (
    <Stats>
      <Stat label={text('baseline.r2')} quantity={format.number(model.r_squared, 3)} />
      <Stat label={text('baseline.adjusted_r2')} quantity={format.number(model.adjusted_r_squared, 3)} />
      <Stat label={text('baseline.cv')} quantity={format.share(model.cv_rmse, 1)} />
      <Stat label={text('baseline.cv_out')} quantity={format.share(model.cv_rmse_out_of_sample, 1)} />
      <Stat label={text('baseline.rmse')} quantity={kwh(model.rmse)} />
      <Stat label={text('baseline.mae')} quantity={kwh(model.mae)} />
      <Stat label={text('baseline.intercept')} quantity={kwh(model.intercept)} />
      <Stat
        label={text('baseline.samples')}
        quantity={{ value: format.number(model.training_samples), unit: model.resolution === 'hour' ? 'h' : 'd' }}
      />
      {model.balance_points.map(({ kind, temperature_c, lower_c, upper_c }) => (
        <Stat
          key={kind}
          label={text(`baseline.${kind}_begins`)}
          quantity={{ value: format.number(temperature_c, 1), unit: '°C' }}
          note={`${format.number(lower_c, 1)} – ${format.number(upper_c, 1)} °C`}
        />
      ))}
      {model.lag_hours === null ? null : (
        <Stat label={text('baseline.lag')} quantity={{ value: format.number(model.lag_hours), unit: 'h' }} />
      )}
    </Stats>
  );
}

function Coefficients({ model }: { readonly model: BaselineModel }) {
  const text = useText();
  const labelOf = useDriverLabel();
  const format = useFormat();
  const head = [
    text('baseline.driver'),
    ...(['coefficient', 'error', 'p', 'vif'] as const).map((key) => ({
      label: text(`baseline.${key}`),
      numeric: true,
    })),
  ];
  const of = (values: Readonly<Record<string, number>>, name: string) => ownValue(values, name) ?? Number.NaN;
  return (
    <section>
      <h3>{text('baseline.coefficients')}</h3>
      <Table caption={text('baseline.coefficients')} head={head} maxHeight="26rem">
        {wholes(model).map(([key, p]) => (
          <tr key={key}>
            <th scope="row">{text(`baseline.${key}`)}</th>
            <td data-numeric>{text('baseline.as_a_whole')}</td>
            <td data-numeric>–</td>
            <td data-numeric>{small(p, format)}</td>
            <td data-numeric>–</td>
          </tr>
        ))}
        {Object.entries(model.coefficients).map(([name, value]) => (
          <tr key={name}>
            <th scope="row">{labelOf(name)}</th>
            <td data-numeric>{format.number(value, 4)}</td>
            <td data-numeric>{format.number(of(model.standard_errors, name), 4)}</td>
            <td data-numeric>{small(of(model.p_values, name), format)}</td>
            <td data-numeric>{format.number(of(model.vif, name), 1)}</td>
          </tr>
        ))}
      </Table>
    </section>
  );
}

type Whole = 'time_of_week' | 'weekday' | 'temperature';

/** Groups of terms that are tested jointly. */
function wholes({ time_of_week: byHour, day_of_week: byDay }: BaselineModel): [Whole, number][] {
  const levels = byHour ?? byDay;
  if (levels === null) return [];
  const ofTemperature = levels.temperature_p_value;
  return [
    [byHour === null ? 'weekday' : 'time_of_week', levels.p_value],
    ...(ofTemperature === null ? [] : [['temperature', ofTemperature] satisfies [Whole, number]]),
  ];
}

function Candidates({ model }: { readonly model: BaselineModel }) {
  const text = useText();
  const format = useFormat();
  const head = [
    text('baseline.model'),
    { label: text('baseline.adjusted_r2'), numeric: true },
    { label: text('baseline.cv_out'), numeric: true },
  ];
  return (
    <section>
      <h3>{text('baseline.candidates')}</h3>
      <Table caption={text('baseline.candidates')} head={head}>
        {model.candidates.map(({ model_name: name, adjusted_r_squared: r2, cv_rmse_out_of_sample: cv }) => (
          <tr key={name} aria-current={name === model.model_name ? 'true' : undefined}>
            <th scope="row">{text(`baseline.${name}`)}</th>
            <td data-numeric>{r2 === null ? '–' : format.number(r2, 3)}</td>
            <td data-numeric>{cv === null ? '–' : `${format.number(cv * 100, 1)} %`}</td>
          </tr>
        ))}
      </Table>
    </section>
  );
}

function Criteria({ model }: { readonly model: BaselineModel }) {
  const text = useText();
  const format = useFormat();
  const head = [
    text('baseline.rule'),
    text('baseline.source'),
    { label: text('baseline.value'), numeric: true },
    { label: text('baseline.threshold'), numeric: true },
    text('baseline.verdict'),
  ];
  return (
    <section>
      <h3>{text('baseline.criteria')}</h3>
      <Table caption={text('baseline.criteria')} head={head}>
        {model.criteria.map(({ rule, source, value, threshold, passed }) => (
          <tr key={`${rule} ${source}`}>
            <th scope="row">{rule}</th>
            <td className={styles.quiet}>{source}</td>
            <td data-numeric>{value === null ? '–' : small(value, format)}</td>
            <td data-numeric>{threshold}</td>
            <td className={passed === false ? styles.failed : undefined}>
              {text(passed === null ? 'baseline.unknown' : passed ? 'baseline.passed' : 'baseline.failed')}
            </td>
          </tr>
        ))}
      </Table>
    </section>
  );
}

/** Tiny values in scientific notation, counts without decimal places. */
function small(value: number, format: Formatter): string {
  if (value >= 100) return format.number(value, 0);
  return value !== 0 && Math.abs(value) < 0.001 ? value.toExponential(1) : format.number(value, 3);
}
