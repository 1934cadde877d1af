import {
  changeTariff,
  compareTariffs,
  createTariff,
  getTariff,
  listTariffs,
  removeTariff,
} from '@wattkeeper/contract/endpoints/tariffs.ts';
import type { Api } from '../../http/api.ts';
import { serve } from '../../http/serve.ts';
import { pageOfList } from '../../storage/records/page.ts';
import type { TariffService } from './service.ts';

/** `/tariffs`. */
export function tariffRoutes(api: Api, service: TariffService): void {
  serve(api, listTariffs, async ({ query }) => pageOfList(await service.list(), query, ({ id }) => id));
  serve(api, createTariff, ({ body }) => service.create(body));
  serve(api, compareTariffs, async ({ body }) => service.compare(body));
  serve(api, getTariff, async ({ params }) => service.get(params.id));
  serve(api, changeTariff, async ({ params, body }) => service.update(params.id, body));
  serve(api, removeTariff, async ({ params }) => {
    await service.remove(params.id);
  });
}
