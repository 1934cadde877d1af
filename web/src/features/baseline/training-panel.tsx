import { useMutation, useQuery } from '@tanstack/react-query';
import type { BaselineTrainingRequest, Resolution } from '@wattkeeper/contract/analytics/baseline.ts';
import type { Device } from '@wattkeeper/contract/device.ts';
import { trainBaseline } from '@wattkeeper/contract/endpoints/baseline.ts';
import { type SyntheticEvent, useState } from 'react';
import { useQueries, useServices, useText } from '../../app-context.tsx';
import type { Window } from '../../data/period.ts';
import { Button } from '../../ui/controls/button.tsx';
import { CheckField, SelectField } from '../../ui/controls/field.tsx';
import { ErrorNote } from '../../ui/feedback/notice.tsx';
import { QueryView } from '../../ui/feedback/query-view.tsx';
import { Panel } from '../../ui/layout/panel.tsx';
import styles from './baseline.module.css';
import { DriverSuggestion } from './driver-suggestion.tsx';
import { TrainingProgress } from './training-progress.tsx';
import { useDriverLabel } from './use-driver-label.ts';

interface TrainingPanelProps {
  /** The first is displayed; its drivers are listed. */
  readonly machines: readonly Device[];
  readonly window: Window;
}

type ModelType = NonNullable<BaselineTrainingRequest['model_type']>;
const MODEL_TYPES: readonly ModelType[] = ['linear', 'change_point', 'time_of_week_temperature', 'day_of_week', 'auto'];
/** Models that exist for one resolution only. */
const RESOLUTIONS: Partial<Record<ModelType, Resolution>> = { time_of_week_temperature: 'hour', day_of_week: 'day' };
const USUAL = ['production_count', 'outdoor_temp_c', 'operating_hours'];

/** Chooses model and drivers, and starts one training job per chosen machine. */
export function TrainingPanel({ machines, window }: TrainingPanelProps) {
  const text = useText();
  const { api } = useServices();
  const [machine] = machines as [Device];
  const newest = useQuery(useQueries().baselines(machine.id)).data?.[0];
  const drivers = useQuery(useQueries().drivers(machine.id));
  const [type, setType] = useState<ModelType>('linear');
  const [resolution, setResolution] = useState<Resolution>('hour');
  const [picked, setPicked] = useState<ReadonlySet<string> | null>(null);
  const names = drivers.data?.drivers.map(({ name }) => name) ?? [];
  const modes = new Set(drivers.data?.drivers.filter(({ categorical }) => categorical).map(({ name }) => name));
  const before = newest
    ? [...Object.keys(newest.driver_ranges), ...newest.categorical_drivers.map(({ name }) => name)]
    : USUAL;
  const ticked = picked ?? new Set(before.filter((name) => names.includes(name)));
  const train = useMutation({
    mutationFn: () =>
      Promise.all(
        machines.map(async ({ id, name }) => {
          const request: BaselineTrainingRequest = {
            machine_id: id,
            start_date: new Date(window.start).toISOString(),
            end_date: new Date(window.end).toISOString(),
            drivers: [...ticked].filter((name) => !modes.has(name)),
            categorical_drivers: [...ticked].filter((name) => modes.has(name)),
            model_type: type,
            resolution: RESOLUTIONS[type] ?? resolution,
          };
          const answer = await api.call(trainBaseline, { body: request, headers: { prefer: 'respond-async' } });
          if (!('id' in answer)) throw new TypeError('a training without a job');
          return { machineId: id, name, jobId: answer.id };
        }),
      ),
  });
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    train.mutate();
  };
  return (
    <Panel title={text('baseline.train_panel')} note={text('baseline.train_note')}>
      <form onSubmit={submit}>
        <ModelFields type={type} onType={setType} resolution={resolution} onResolution={setResolution} />
        <QueryView query={drivers} height="4rem">
          {() => <DriverFields names={names} ticked={ticked} onTick={setPicked} isLinear={type === 'linear'} />}
        </QueryView>
        <DriverSuggestion machine={machine} window={window} onUse={(suggested) => setPicked(new Set(suggested))} />
        <Button type="submit" kind="primary" disabled={train.isPending || (ticked.size === 0 && type === 'linear')}>
          {machines.length === 1 ? text('baseline.train') : text('baseline.train_many', { count: machines.length })}
        </Button>
      </form>
      {train.isError ? <ErrorNote error={train.error} /> : null}
      <ul className={styles.jobs} aria-live="polite">
        {train.data?.map((one) => (
          <TrainingProgress key={one.jobId} {...one} />
        ))}
      </ul>
    </Panel>
  );
}

interface ModelFieldsProps {
  readonly type: ModelType;
  readonly onType: (type: ModelType) => void;
  readonly resolution: Resolution;
  readonly onResolution: (resolution: Resolution) => void;
}

function ModelFields({ type, onType, resolution, onResolution }: ModelFieldsProps) {
  const text = useText();
  return (
    <div className={styles.form}>
      <SelectField
        label={text('baseline.model_type')}
        value={type}
        onChange={(event) => onType(event.target.value as ModelType)}
      >
        {MODEL_TYPES.map((one) => (
          <option key={one} value={one}>
            {text(`baseline.${one}`)}
          </option>
        ))}
      </SelectField>
      <SelectField
        label={text('baseline.resolution')}
        value={RESOLUTIONS[type] ?? resolution}
        disabled={RESOLUTIONS[type] !== undefined}
        onChange={(event) => onResolution(event.target.value as Resolution)}
      >
        {(['hour', 'day'] as const).map((one) => (
          <option key={one} value={one}>
            {text(`baseline.${one}`)}
          </option>
        ))}
      </SelectField>
    </div>
  );
}

interface DriverFieldsProps {
  readonly names: readonly string[];
  readonly ticked: ReadonlySet<string>;
  readonly onTick: (ticked: ReadonlySet<string>) => void;
  readonly isLinear: boolean;
}

function DriverFields({ names, ticked, onTick, isLinear }: DriverFieldsProps) {
  const text = useText();
  const labelOf = useDriverLabel();
  const toggle = (name: string) => {
    const next = new Set(ticked);
    if (!next.delete(name)) next.add(name);
    onTick(next);
  };
  return (
    <fieldset className={styles.drivers}>
      <legend>{text(isLinear ? 'baseline.drivers' : 'baseline.drivers_temperature')}</legend>
      {names.length === 0 ? <p className={styles.quiet}>{text('baseline.no_drivers')}</p> : null}
      {names.map((name) => (
        <CheckField key={name} label={labelOf(name)} checked={ticked.has(name)} onChange={() => toggle(name)} />
      ))}
    </fieldset>
  );
}
