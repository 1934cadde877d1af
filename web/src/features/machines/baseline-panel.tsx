import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { BaselineModel } from '@wattkeeper/contract/baseline.ts';
import type { Device } from '@wattkeeper/contract/device.ts';
import { type SyntheticEvent, useState } from 'react';
import { useFormat, useQueries, useServices, useText } from '../../app-context.tsx';
import type { Window } from '../../data/period.ts';
import { Button } from '../../ui/button.tsx';
import { Stat } from '../../ui/figure.tsx';
import { ErrorNote, WarningLine } from '../../ui/notice.tsx';
import { Panel } from '../../ui/panel.tsx';
import { QueryView } from '../../ui/query-view.tsx';
import { Table } from '../../ui/table.tsx';
import { joined } from './kpi-table.tsx';
import styles from './machines.module.css';

interface BaselinePanelProps {
  readonly machine: Device;
  readonly window: Window;
}

/** Trains a machine's baseline, and shows its newest version with everything that an auditor asks for. */
export function BaselinePanel({ machine, window }: BaselinePanelProps) {
  const text = useText();
  const { api } = useServices();
  const cache = useQueryClient();
  const models = useQuery(useQueries().baselines(machine.id));
  const refresh = () => cache.invalidateQueries({ queryKey: ['baseline', machine.id] });
  const train = useMutation({
    mutationFn: (drivers: readonly string[]) => api.post('/baseline/train', { machine_id: machine.id, drivers }),
    onSuccess: refresh,
  });
  const newest = models.data?.[0];
  return (
    <>
      <Panel title={text('machines.select', { name: machine.name })} note={text('machines.train_note')}>
        <QueryView query={useQuery(useQueries().drivers(machine.id))} height="6rem">
          {({ drivers }) => (
            <DriverForm
              names={drivers.map(({ name }) => name)}
              initial={newest ? Object.keys(newest.coefficients) : null}
              busy={train.isPending}
              onTrain={(chosen) => train.mutate(chosen)}
            />
          )}
        </QueryView>
        {train.isError ? <ErrorNote error={train.error} /> : null}
        {newest ? <Model model={newest} onChange={refresh} /> : null}
      </Panel>
      {models.data?.some(({ is_active }) => is_active) ? <DeviationPanel machine={machine} window={window} /> : null}
    </>
  );
}

const USUAL = ['production_count', 'outdoor_temp_c', 'operating_hours'];

interface DriverFormProps {
  readonly names: readonly string[];
  readonly initial: readonly string[] | null;
  readonly busy: boolean;
  readonly onTrain: (drivers: readonly string[]) => void;
}

function DriverForm({ names, initial, busy, onTrain }: DriverFormProps) {
  const text = useText();
  const [chosen, setChosen] = useState<ReadonlySet<string> | null>(null);
  const ticked = chosen ?? new Set((initial ?? USUAL).filter((name) => names.includes(name)));
  const toggle = (name: string) => {
    const next = new Set(ticked);
    if (!next.delete(name)) next.add(name);
    setChosen(next);
  };
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    onTrain([...ticked]);
  };
  return (
    <form onSubmit={submit}>
      <fieldset className={styles.drivers}>
        <legend>{text('machines.drivers')}</legend>
        {names.map((name) => (
          <label key={name} className={styles.driver}>
            <input type="checkbox" checked={ticked.has(name)} onChange={() => toggle(name)} />
            {name.replaceAll('_', ' ')}
          </label>
        ))}
      </fieldset>
      <Button type="submit" kind="primary" disabled={busy || ticked.size === 0}>
        {text(busy ? 'machines.training' : 'machines.train')}
      </Button>
    </form>
  );
}

function Model({ model, onChange }: { readonly model: BaselineModel; readonly onChange: () => Promise<void> }) {
  const text = useText();
  const format = useFormat();
  const { api } = useServices();
  const activate = useMutation({
    mutationFn: () => api.post(`/baseline/model/${model.model_id}/activate`),
    onSuccess: onChange,
  });
  const hourly = (kwh: number) => ({ value: format.number(kwh, 2), unit: 'kWh' });
  return (
    <div className={styles.model}>
      <p className={styles.versionLine}>
        {text('machines.version', { version: model.model_version, r2: format.number(model.r_squared, 3) })} ·{' '}
        {text(model.is_active ? 'machines.in_use' : 'machines.not_in_use')}
        {model.is_active ? null : (
          <Button disabled={activate.isPending} onClick={() => activate.mutate()}>
            {text('machines.activate')}
          </Button>
        )}
      </p>
      {model.warnings.map((warning) => (
        <WarningLine key={warning}>{warning}</WarningLine>
      ))}
      <dl className={styles.stats}>
        <Stat label={text('machines.r2')} quantity={format.number(model.r_squared, 3)} />
        <Stat label={text('machines.cv')} quantity={format.share(model.cv_rmse, 1)} />
        <Stat label={text('machines.rmse')} quantity={hourly(model.rmse)} />
        <Stat label={text('machines.mae')} quantity={hourly(model.mae)} />
        <Stat label={text('machines.intercept')} quantity={hourly(model.intercept)} />
        <Stat label={text('machines.samples')} quantity={format.number(model.training_samples)} />
      </dl>
      <Coefficients model={model} />
      <Criteria model={model} />
    </div>
  );
}

function Coefficients({ model }: { readonly model: BaselineModel }) {
  const text = useText();
  const format = useFormat();
  const head = [
    text('machines.driver'),
    ...(['coefficient', 'error', 'p', 'vif'] as const).map((key) => ({
      label: text(`machines.${key}`),
      numeric: true,
    })),
  ];
  return (
    <section>
      <h3>{text('machines.coefficients')}</h3>
      <Table caption={text('machines.coefficients')} head={head}>
        {Object.entries(model.coefficients).map(([name, value]) => (
          <tr key={name}>
            <th scope="row">{name.replaceAll('_', ' ')}</th>
            <td data-numeric>{format.number(value, 4)}</td>
            <td data-numeric>{format.number(model.standard_errors[name] ?? Number.NaN, 4)}</td>
            <td data-numeric>{probability(model.p_values[name] ?? Number.NaN, format.number.bind(format))}</td>
            <td data-numeric>{format.number(model.vif[name] ?? Number.NaN, 1)}</td>
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
    text('machines.rule'),
    text('machines.source'),
    { label: text('machines.value'), numeric: true },
    { label: text('machines.threshold'), numeric: true },
    text('machines.verdict'),
  ];
  return (
    <section>
      <h3>{text('machines.criteria')}</h3>
      <Table caption={text('machines.criteria')} head={head}>
        {model.criteria.map(({ rule, source, value, threshold, passed }) => (
          <tr key={`${rule} ${source}`}>
            <th scope="row">{rule}</th>
            <td className={styles.quiet}>{source}</td>
            <td data-numeric>{value === null ? '–' : probability(value, format.number.bind(format))}</td>
            <td data-numeric>{threshold}</td>
            <td className={passed === false ? styles.failed : undefined}>
              {text(passed === null ? 'machines.unknown' : passed ? 'machines.passed' : 'machines.failed')}
            </td>
          </tr>
        ))}
      </Table>
    </section>
  );
}

function DeviationPanel({ machine, window }: BaselinePanelProps) {
  const text = useText();
  const format = useFormat();
  return (
    <Panel title={text('machines.deviation')}>
      <QueryView query={useQuery(useQueries().deviation(machine.id, window))} height="5rem">
        {(found) => (
          <>
            {found.warnings.map((warning) => (
              <WarningLine key={warning}>{warning}</WarningLine>
            ))}
            <dl className={styles.stats}>
              <Stat label={text('machines.actual')} quantity={format.energy(found.total_actual_kwh)} />
              <Stat label={text('machines.predicted')} quantity={format.energy(found.total_predicted_kwh)} />
              <Stat
                label={text('machines.difference')}
                quantity={format.energy(found.deviation_kwh)}
                note={`${text('machines.uncertainty', { value: joined(format.energy(found.uncertainty_kwh)) })} · ${text(`machines.${found.deviation_severity}`)}`}
              />
            </dl>
          </>
        )}
      </QueryView>
    </Panel>
  );
}

/** Tiny ones by their power of ten, counts without digits behind the point. */
function probability(value: number, number: (value: number, digits: number) => string): string {
  if (value >= 100) return number(value, 0);
  return value !== 0 && Math.abs(value) < 0.001 ? value.toExponential(1) : number(value, 3);
}
