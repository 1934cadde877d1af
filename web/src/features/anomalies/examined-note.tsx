import { useQuery } from '@tanstack/react-query';
import type { ExaminedDevice } from '@wattkeeper/contract/analytics/anomaly.ts';
import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import { useFormat, useQueries, useText } from '../../app-context.tsx';

import type { Window } from '../../data/period.ts';
import { useSite } from '../../site-context.tsx';
import styles from './anomalies.module.css';

/** The job runs hourly: the newest hours are examined by the next run. */
const PENDING_MS = 2 * HOUR_MS;
const MAX_NAMED_DEVICES = 5;

/** Devices examined for a window, fully or partly; null while loading. */
export function useExamined(window: Window, machine: string | undefined) {
  const site = useSite();
  const query = useQuery(useQueries().examinedTimes({ site_id: site.id, ...(machine && { machine_id: machine }) }));
  if (query.data === undefined) return null;
  const partly = query.data.filter((device) => !isWhole(device, window));
  return { count: query.data.length, partly };
}

export function ExaminedNote({ count, partly }: NonNullable<ReturnType<typeof useExamined>>) {
  const text = useText();
  const format = useFormat();
  const since = ({ machine_name: name, time_periods: [first] }: ExaminedDevice) =>
    first === undefined
      ? text('anomalies.examined_never', { machine: name })
      : text('anomalies.examined_since', { machine: name, start: format.day(Date.parse(first.start)) });
  const rest = partly.length - MAX_NAMED_DEVICES;
  const named = [...partly.slice(0, MAX_NAMED_DEVICES).map(since), ...(rest > 0 ? [`+ ${rest}`] : [])].join(', ');
  return (
    <p className={styles.examined}>
      {partly.length === 0
        ? text('anomalies.examined_all', { count })
        : text('anomalies.examined_partly', { machine: named })}
    </p>
  );
}

function isWhole({ time_periods: periods }: ExaminedDevice, { start, end }: Window): boolean {
  const until = Math.min(end, Date.now() - PENDING_MS);
  return until <= start || periods.some((one) => Date.parse(one.start) <= start && Date.parse(one.end) >= until);
}
