import { useQuery } from '@tanstack/react-query';
import type { BaselineDrivers } from '@wattkeeper/contract/analytics/baseline-drivers.ts';
import type { Device } from '@wattkeeper/contract/device.ts';
import { useState } from 'react';
import { useFormat, useQueries, useText } from '../../app-context.tsx';
import type { Window } from '../../data/period.ts';
import { Button } from '../../ui/controls/button.tsx';
import { ErrorNote } from '../../ui/feedback/notice.tsx';
import styles from './baseline.module.css';
import { useDriverLabel } from './use-driver-label.ts';

interface DriverSuggestionProps {
  readonly machine: Device;
  readonly window: Window;
  readonly onUse: (drivers: readonly string[]) => void;
}

/** Requests the best subset of drivers, selects it, and explains why the others are excluded. */
export function DriverSuggestion({ machine, window, onUse }: DriverSuggestionProps) {
  const text = useText();
  const [asked, setAsked] = useState(false);
  const query = useQuery({ ...useQueries().driverSuggestion(machine.id, window), enabled: asked });
  const ask = async () => {
    setAsked(true);
    const { data } = await query.refetch();
    if (data?.suggestion) onUse(data.suggestion.drivers);
  };
  return (
    <div className={styles.suggestion}>
      <Button disabled={query.isFetching} onClick={() => void ask()}>
        {text(query.isFetching ? 'baseline.suggesting' : 'baseline.suggest')}
      </Button>
      {query.isError ? <ErrorNote error={query.error} /> : null}
      {query.data ? <Answer suggestion={query.data.suggestion} /> : null}
    </div>
  );
}

function Answer({ suggestion }: Pick<BaselineDrivers, 'suggestion'>) {
  const text = useText();
  const labelOf = useDriverLabel();
  const format = useFormat();
  if (suggestion === null) return <p role="status">{text('baseline.suggest_few')}</p>;
  const { drivers, adjusted_r_squared: r2, samples, left_out: leftOut } = suggestion;
  return (
    <div role="status">
      <p>
        {drivers.length === 0
          ? text('baseline.suggested_none')
          : text('baseline.suggested', {
              names: drivers.map(labelOf).join(', '),
              r2: format.number(r2, 3),
              count: samples,
            })}
      </p>
      <ul>
        {leftOut.map(({ name, reason, detail }) => (
          <li key={name} title={detail.replaceAll('_', ' ')}>
            {text('baseline.left_out', { name: labelOf(name), detail: text(`driver.${reason}`) })}
          </li>
        ))}
      </ul>
    </div>
  );
}
