import { useQuery } from '@tanstack/react-query';
import { CalendarOff } from 'lucide-react';
import { useQueries, useText } from '../../app-context.tsx';
import { useSite } from '../../site-context.tsx';
import { NewestButton } from '../controls/newest-button.tsx';
import { EmptyNote } from './notice.tsx';

interface EmptyPeriodProps {
  /** Devices whose readings are missing. */
  readonly deviceIds: readonly string[];
  readonly onGo: (newest: number) => void;
}

/** Shown for a period without readings: a link to the newest readings of these devices. */
export function EmptyPeriod({ deviceIds, onGo }: EmptyPeriodProps) {
  const text = useText();
  const latest = useQuery({ ...useQueries().latest(useSite().id), refetchInterval: false });
  const newest = Math.max(
    ...(latest.data?.items ?? [])
      .filter(({ device_id: id }) => deviceIds.includes(id))
      .flatMap(({ values }) => Object.values(values).map(({ timestamp }) => Date.parse(timestamp))),
  );
  return (
    <EmptyNote title={text('period.empty')} icon={CalendarOff}>
      {Number.isFinite(newest) ? <NewestButton at={newest} onGo={() => onGo(newest)} /> : null}
    </EmptyNote>
  );
}
