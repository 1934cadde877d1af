import {
  changeCustomKpi,
  createCustomKpi,
  getCustomKpi,
  getCustomKpiValue,
  listCustomKpis,
  listCustomKpiValues,
  previewCustomKpi,
  removeCustomKpi,
} from '@wattkeeper/contract/endpoints/kpi.ts';
import type { Api } from '../../../http/api.ts';
import { serve } from '../../../http/serve.ts';
import { pageOfList } from '../../../storage/records/page.ts';
import type { CustomKpiService } from './service.ts';

/** `/kpi/custom`: user-defined key figures. */
export function customKpiRoutes(api: Api, service: CustomKpiService): void {
  serve(api, listCustomKpis, async ({ query }) => pageOfList(await service.list(), query, ({ id }) => id));
  serve(api, createCustomKpi, ({ body }) => service.create(body));
  serve(api, previewCustomKpi, ({ body }) => service.preview(body));
  serve(api, listCustomKpiValues, async ({ query }) => ({
    ...pageOfList(await service.values(query), query, ({ id }) => id),
    warnings: [],
  }));
  serve(api, getCustomKpi, ({ params }) => service.get(params.id));
  serve(api, changeCustomKpi, ({ params, body }) => service.update(params.id, body));
  serve(api, removeCustomKpi, ({ params }) => service.remove(params.id));
  serve(api, getCustomKpiValue, ({ params, query }) => service.value(params.id, query));
}
