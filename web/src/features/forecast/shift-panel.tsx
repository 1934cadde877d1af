import { useMutation } from '@tanstack/react-query';
import type { OptimalSchedule } from '@wattkeeper/contract/analytics/forecast.ts';
import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import { scheduleLoad } from '@wattkeeper/contract/endpoints/forecast.ts';
import { type SyntheticEvent, useState } from 'react';
import { useFormat, useServices, useText } from '../../app-context.tsx';
import { useSite } from '../../site-context.tsx';
import { Button } from '../../ui/controls/button.tsx';
import { TextField } from '../../ui/controls/field.tsx';
import { ErrorNote, WarningLine } from '../../ui/feedback/notice.tsx';
import { Stat, Stats } from '../../ui/layout/figure.tsx';
import { Panel } from '../../ui/layout/panel.tsx';
import styles from './forecast.module.css';
import { useSlotLabel } from './slot-label.ts';

/** Finds the best time for a shiftable load. */
export function ShiftPanel() {
  const text = useText();
  const site = useSite();
  const { api } = useServices();
  const [load, setLoad] = useState({
    name: text('forecast.load_default'),
    energy: '1.2',
    minutes: '120',
    within: '24',
  });
  const find = useMutation({
    mutationFn: () =>
      api.call(scheduleLoad, {
        query: {
          site: site.id,
          name: load.name,
          energy_kwh: Number(load.energy),
          duration_minutes: Number(load.minutes),
          latest: new Date(Date.now() + Number(load.within) * HOUR_MS).toISOString(),
        },
      }),
  });
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    find.mutate();
  };
  const field = (key: keyof typeof load) => ({
    value: load[key],
    required: true,
    onChange: (event: { target: { value: string } }) => setLoad({ ...load, [key]: event.target.value }),
  });
  const number = (key: keyof typeof load, min: number, max: number, step: number | 'any') => ({
    ...field(key),
    type: 'number',
    min,
    max,
    step,
  });
  return (
    <Panel title={text('forecast.shift')} note={text('forecast.shift_note')}>
      <form className={styles.form} onSubmit={submit}>
        <TextField label={text('forecast.load_name')} {...field('name')} />
        <TextField label={text('forecast.load_energy')} unit="kWh" {...number('energy', 0.01, 1e6, 'any')} />
        <TextField
          label={text('forecast.load_duration')}
          unit={text('forecast.minutes')}
          {...number('minutes', 15, 1440, 1)}
        />
        <TextField label={text('forecast.load_within')} unit={text('forecast.hours')} {...number('within', 1, 48, 1)} />
        <Button type="submit" kind="primary" disabled={find.isPending}>
          {text(find.isPending ? 'forecast.finding' : 'forecast.find')}
        </Button>
      </form>
      {find.isError ? <ErrorNote error={find.error} /> : null}
      {find.data ? <Advice schedule={find.data} /> : null}
    </Panel>
  );
}

function Advice({ schedule }: { readonly schedule: OptimalSchedule }) {
  const text = useText();
  const slotLabel = useSlotLabel('24h');
  const format = useFormat();
  return (
    <div aria-live="polite">
      {schedule.warnings.map((warning) => (
        <WarningLine key={warning}>{warning}</WarningLine>
      ))}
      {schedule.loads.map((load) => (
        <div key={load.name}>
          <p className={styles.advice}>{load.explanation}</p>
          <Stats>
            <Stat
              label={text('forecast.start')}
              quantity={slotLabel(Date.parse(load.start))}
              note={text('forecast.until', { time: format.clock(Date.parse(load.end)) })}
            />
            {load.cost === null ? null : (
              <Stat
                label={text('forecast.cost')}
                quantity={format.money(load.cost)}
                note={text('forecast.cost_now', { cost: format.money(load.cost_now) })}
              />
            )}
            {load.savings === null ? null : (
              <Stat label={text('forecast.savings')} quantity={format.money(load.savings)} />
            )}
            <Stat label={text('forecast.from_roof')} quantity={format.share(load.solar_share)} />
          </Stats>
        </div>
      ))}
    </div>
  );
}
