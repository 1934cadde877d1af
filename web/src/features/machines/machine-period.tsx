import { useText } from '../../app-context.tsx';
import { Segmented } from '../../ui/segmented.tsx';
import { MACHINE_DAYS, type MachineDays } from './machines-search.ts';

interface MachinePeriodProps {
  readonly days: MachineDays;
  readonly onChange: (days: MachineDays) => void;
}

/** The period that key figures are of. */
export function MachinePeriod({ days, onChange }: MachinePeriodProps) {
  const text = useText();
  return (
    <Segmented
      label={text('machines.period')}
      options={MACHINE_DAYS.map((one) => ({
        value: String(one),
        label: one === 1 ? text('machines.day') : text('machines.days', { days: String(one) }),
      }))}
      value={String(days)}
      onChange={(value) => onChange(Number(value) as MachineDays)}
    />
  );
}
