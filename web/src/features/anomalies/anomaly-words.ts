import type { Anomaly } from '@wattkeeper/contract/anomaly.ts';
import { useFormat, useText } from '../../app-context.tsx';
import { plain } from '../../ui/format.ts';

/** How an anomaly is put into words. */
export function useAnomalyWords() {
  const text = useText();
  const format = useFormat();
  return {
    type: ({ anomaly_type: type }: Pick<Anomaly, 'anomaly_type'>) => text(`anomalies.type.${type}`),
    span: ({ start, end }: Pick<Anomaly, 'start' | 'end'>) =>
      text('anomalies.span', { start: format.dateTime(Date.parse(start)), end: format.dateTime(Date.parse(end)) }),
    /** Such as +12.3 kW. */
    deviation: ({ metric_value: value, expected_value: expected, unit }: Anomaly) => {
      if (expected === null) return plain(format.measured(value, unit));
      const by = value - expected;
      return `${by > 0 ? '+' : '−'}${plain(format.measured(Math.abs(by), unit))}`;
    },
    measured: (value: number, unit: string) => format.measured(value, unit),
  };
}
