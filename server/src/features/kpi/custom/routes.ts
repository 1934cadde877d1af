import type { Scope } from '@wattkeeper/contract/access/auth.ts';
import {
  CustomKpi,
  CustomKpiCreate,
  CustomKpiPatch,
  CustomKpiPreview,
  CustomKpiPreviewRequest,
  CustomKpiQuery,
  CustomKpiValue,
  CustomKpiValues,
  CustomKpiValuesQuery,
} from '@wattkeeper/contract/analytics/custom-kpi.ts';
import { ListQuery, pageOf } from '@wattkeeper/contract/common.ts';
import { z } from 'zod';
import type { Api } from '../../../http/api.ts';
import { pageOfList } from '../../../storage/records/page.ts';
import type { CustomKpiService } from './service.ts';

const IdParams = z.object({ id: z.uuid().meta({ description: 'Id of a custom key figure' }) });

/** Of values: they may be partial. */
function valueOptions<S extends object>(schema: S) {
  return { schema: { tags: ['kpi'], ...schema }, config: { scope: 'read' as const, partial: true } };
}

function options<S extends object>(scope: Scope, schema: S, audit?: string) {
  return { schema: { tags: ['kpi'], ...schema }, config: { scope, ...(audit ? { audit } : {}) } };
}

/** `/kpi/custom`: key figures that people define. */
export function customKpiRoutes(api: Api, service: CustomKpiService): void {
  const one = { params: IdParams, response: { 200: CustomKpi } };
  api.get(
    '/kpi/custom',
    options('read', {
      summary: 'All custom key figures',
      querystring: ListQuery,
      response: { 200: pageOf(CustomKpi) },
    }),
    async ({ query }) => pageOfList(await service.list(), query, ({ id }) => id),
  );
  api.post(
    '/kpi/custom',
    options(
      'write',
      { summary: 'Define a key figure', body: CustomKpiCreate, response: { 201: CustomKpi } },
      'custom_kpi.create',
    ),
    async ({ body }, reply) => reply.status(201).send(await service.create(body)),
  );
  api.post(
    '/kpi/custom/preview',
    valueOptions({
      summary: 'Try an expression: what is wrong with it, or its unit and value',
      body: CustomKpiPreviewRequest,
      response: { 200: CustomKpiPreview },
    }),
    async ({ body }) => service.preview(body),
  );
  valuesRoute(api, service);
  api.get('/kpi/custom/:id', options('read', { ...one, summary: 'One custom key figure' }), async ({ params }) =>
    service.get(params.id),
  );
  api.patch(
    '/kpi/custom/:id',
    options('write', { ...one, summary: 'Change a custom key figure', body: CustomKpiPatch }, 'custom_kpi.change'),
    async ({ params, body }) => service.update(params.id, body),
  );
  api.delete(
    '/kpi/custom/:id',
    options(
      'write',
      { summary: 'Remove a custom key figure', params: IdParams, response: { 204: z.null() } },
      'custom_kpi.remove',
    ),
    async ({ params }, reply) => {
      await service.remove(params.id);
      return reply.status(204).send(null);
    },
  );
  api.get(
    '/kpi/custom/:id/value',
    valueOptions({
      summary: 'What a custom key figure comes to for a machine',
      params: IdParams,
      querystring: CustomKpiQuery,
      response: { 200: CustomKpiValue },
    }),
    async ({ params, query }) => service.value(params.id, query),
  );
}

function valuesRoute(api: Api, service: CustomKpiService): void {
  api.get(
    '/kpi/custom/values',
    valueOptions({
      summary: 'What all custom key figures come to for a machine',
      querystring: CustomKpiValuesQuery,
      response: { 200: CustomKpiValues },
    }),
    async ({ query }) => ({
      ...pageOfList(await service.values(query), query, ({ id }) => id),
      warnings: [],
    }),
  );
}
