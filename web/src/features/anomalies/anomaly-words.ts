import type { Anomaly } from '@wattkeeper/contract/analytics/anomaly.ts';
import { useFormat, useText } from '../../app-context.tsx';
import { plain } from '../../ui/format.ts';
import { useMetrics } from '../../use-metrics.ts';

/** Texts for an anomaly. */
export function useAnomalyWords() {
  const text = useText();
  const format = useFormat();
  const metrics = useMetrics();
  return {
    type: ({ anomaly_type: type }: Pick<Anomaly, 'anomaly_type'>) => text(`anomalies.type.${type}`),
    /** For example Indoor temperature. */
    metric: ({ metric_name: name }: Pick<Anomaly, 'metric_name'>) =>
      metrics?.find((metric) => metric.name === name)?.label ?? name,
    span: ({ start, end }: Pick<Anomaly, 'start' | 'end'>) =>
      text('anomalies.span', { start: format.dateTime(Date.parse(start)), end: format.dateTime(Date.parse(end)) }),
    /** For example +12.3 kW; a sensor that repeats one value has no deviation. */
    deviation: ({ metric_value: value, expected_value: expected, unit }: Anomaly) => {
      if (expected === null) return plain(format.measured(null, ''));
      const by = value - expected;
      return `${by > 0 ? '+' : '−'}${plain(format.measured(Math.abs(by), unit))}`;
    },
    measured: (value: number, unit: string) => format.measured(value, unit),
  };
}
