import { ListQuery, pageOf } from '@wattkeeper/contract/common.ts';
import { Metric, MetricRegistration } from '@wattkeeper/contract/metric.ts';
import { Conflict } from '../../domain/errors.ts';
import type { MetricCatalogue } from '../../domain/metric-catalogue.ts';
import type { Api } from '../../http/api.ts';
import { pageOfList } from '../../storage/records/page.ts';
import type { RecordStore } from '../../storage/records/record-store.ts';

/** `/metrics-catalogue`: what the metrics mean, and how users describe their own. */
export function metricRoutes(
  api: Api,
  catalogue: MetricCatalogue,
  { customMetrics }: Pick<RecordStore, 'customMetrics'>,
): void {
  const schema = { tags: ['metrics'] };
  api.get(
    '/metrics-catalogue',
    {
      schema: {
        ...schema,
        summary: 'Metrics with unit, kind, limits and sign',
        querystring: ListQuery,
        response: { 200: pageOf(Metric) },
      },
      config: { scope: 'read' },
    },
    async ({ query }) => pageOfList(catalogue.all(), query, ({ name }) => name),
  );
  api.post(
    '/metrics-catalogue',
    {
      schema: {
        ...schema,
        summary: 'Describe a metric of your own',
        body: MetricRegistration,
        response: { 201: Metric },
      },
      config: { scope: 'write', audit: 'metric.register' },
    },
    async ({ body }, reply) => {
      const known = catalogue.get(body.name);
      if (known && !known.custom)
        throw new Conflict(`"${body.name}" is part of the built-in catalogue and cannot be described again`);
      const metric = await customMetrics.register(body);
      catalogue.register(metric);
      return reply.status(201).send(metric);
    },
  );
}
