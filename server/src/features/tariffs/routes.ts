import { ListQuery, pageOf } from '@wattkeeper/contract/common.ts';
import {
  Tariff,
  TariffComparison,
  TariffComparisonRequest,
  TariffCreate,
  TariffPatch,
} from '@wattkeeper/contract/tariff.ts';
import { z } from 'zod';
import type { Api } from '../../http/api.ts';
import { pageOfList } from '../../storage/records/page.ts';
import type { TariffService } from './service.ts';

const IdParams = z.object({
  id: z
    .string()
    .min(1)
    .max(200)
    .meta({ description: 'Id or name of a tariff', examples: ['Flat'] }),
});

/** `/tariffs`. */
export function tariffRoutes(api: Api, service: TariffService): void {
  const schema = { tags: ['tariffs'] };
  api.get(
    '/tariffs',
    {
      schema: { ...schema, summary: 'All tariffs', querystring: ListQuery, response: { 200: pageOf(Tariff) } },
      config: { scope: 'read' },
    },
    async ({ query }) => pageOfList(await service.list(), query, ({ id }) => id),
  );
  api.post(
    '/tariffs',
    {
      schema: { ...schema, summary: 'Add a tariff', body: TariffCreate, response: { 201: Tariff } },
      config: { scope: 'write', audit: 'tariff.create' },
    },
    async ({ body }, reply) => reply.status(201).send(await service.create(body)),
  );
  api.post(
    '/tariffs/compare',
    {
      schema: {
        ...schema,
        summary: "What a site's energy costs under several tariffs",
        body: TariffComparisonRequest,
        response: { 200: TariffComparison },
      },
      config: { scope: 'read', partial: true },
    },
    async ({ body }) => service.compare(body),
  );
  api.get(
    '/tariffs/:id',
    {
      schema: { ...schema, summary: 'One tariff', params: IdParams, response: { 200: Tariff } },
      config: { scope: 'read' },
    },
    async ({ params }) => service.get(params.id),
  );
  api.patch(
    '/tariffs/:id',
    {
      schema: { ...schema, summary: 'Change a tariff', params: IdParams, body: TariffPatch, response: { 200: Tariff } },
      config: { scope: 'write', audit: 'tariff.change' },
    },
    async ({ params, body }) => service.update(params.id, body),
  );
  api.delete(
    '/tariffs/:id',
    {
      schema: {
        ...schema,
        summary: 'Remove a tariff that no site uses',
        params: IdParams,
        response: { 204: z.null() },
      },
      config: { scope: 'write', audit: 'tariff.remove' },
    },
    async ({ params }, reply) => {
      await service.remove(params.id);
      return reply.status(204).send(null);
    },
  );
}
