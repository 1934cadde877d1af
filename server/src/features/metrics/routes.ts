import { listMetrics, registerMetric } from '@wattkeeper/contract/endpoints/metrics.ts';
import { Conflict } from '../../domain/errors.ts';
import type { MetricCatalogue } from '../../domain/metric-catalogue.ts';
import type { Api } from '../../http/api.ts';
import { serve } from '../../http/serve.ts';
import { pageOfList } from '../../storage/records/page.ts';
import type { RecordStore } from '../../storage/records/record-store.ts';

/** `/metrics-catalogue`: descriptions of the metrics, including user-defined ones. */
export function metricRoutes(
  api: Api,
  catalogue: MetricCatalogue,
  { customMetrics }: Pick<RecordStore, 'customMetrics'>,
): void {
  serve(api, listMetrics, async ({ query }) => pageOfList(catalogue.all(), query, ({ name }) => name));
  serve(api, registerMetric, async ({ body }) => {
    const known = catalogue.get(body.name);
    if (known && !known.custom)
      throw new Conflict(`"${body.name}" is part of the built-in catalogue and cannot be described again`);
    const metric = await customMetrics.register(body);
    catalogue.register(metric);
    return metric;
  });
}
