import { PageQuery, pageOf } from '@wattkeeper/contract/common.ts';
import { SetAsideEntry, SetAsideRetry } from '@wattkeeper/contract/storage/set-aside.ts';
import { z } from 'zod';
import type { Api } from '../../../http/api.ts';
import type { SetAsideService } from './service.ts';

const StoreParams = z.object({
  store: z
    .string()
    .min(1)
    .max(100)
    .meta({ description: 'Name of the store', examples: ['influx'] }),
});

/** `/storage/set-aside`. */
export function setAsideRoutes(api: Api, setAside: SetAsideService): void {
  const schema = { tags: ['storage'] };
  api.get(
    '/storage/set-aside',
    {
      schema: {
        ...schema,
        summary: 'Values that a store can never take, oldest first',
        querystring: PageQuery,
        response: { 200: pageOf(SetAsideEntry) },
      },
      config: { scope: 'read' },
    },
    ({ query }) => setAside.page(query),
  );
  api.post(
    '/storage/set-aside/:store/retry',
    {
      schema: {
        ...schema,
        summary: 'Give a store again what it has set aside; stops after 20 s, and may be called again',
        params: StoreParams,
        response: { 200: SetAsideRetry },
      },
      config: { scope: 'admin', audit: 'set_aside.retry' },
    },
    ({ params }) => setAside.retry(params.store),
  );
  api.delete(
    '/storage/set-aside/:store',
    {
      schema: {
        ...schema,
        summary: 'Discard what a store has set aside',
        params: StoreParams,
        response: { 204: z.null() },
      },
      config: { scope: 'admin', audit: 'set_aside.discard' },
    },
    async ({ params }, reply) => {
      await setAside.discard(params.store);
      return reply.status(204).send(null);
    },
  );
}
