import { useQuery } from '@tanstack/react-query';
import type { Metric } from '@wattkeeper/contract/metric.ts';
import { useMemo } from 'react';
import { useQueries, useText } from './app-context.tsx';
import { metricText } from './messages/known-text.ts';

/** The catalogue of metrics with labels in the user's language; undefined while loading. */
export function useMetrics(): readonly Metric[] | undefined {
  const text = useText();
  const { data } = useQuery(useQueries().metrics());
  return useMemo(
    () => data?.map((metric) => ({ ...metric, label: metricText(text, metric.name, metric.label) })),
    [data, text],
  );
}
