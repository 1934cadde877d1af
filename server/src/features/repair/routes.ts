import { ListQuery } from '@wattkeeper/contract/common.ts';
import { Repair, RepairPage, RepairPreview, RepairRequest } from '@wattkeeper/contract/storage/repair.ts';
import { z } from 'zod';
import type { Api } from '../../http/api.ts';
import { callerOf } from '../../http/security-caller.ts';
import { pageOfList } from '../../storage/records/page.ts';
import type { RepairService } from './service.ts';

const schema = { tags: ['storage'] };

/** `/storage/repairs`. */
export function repairRoutes(api: Api, service: RepairService): void {
  api.post(
    '/storage/repairs/preview',
    {
      schema: {
        ...schema,
        summary: 'What a repair of stored samples would do',
        body: RepairRequest,
        response: { 200: RepairPreview },
      },
      config: { scope: 'admin' },
    },
    async ({ body }) => service.preview(body),
  );
  api.post(
    '/storage/repairs',
    {
      schema: {
        ...schema,
        summary: 'Delete, interpolate or correct stored samples; the samples as they were are kept',
        body: RepairRequest,
        response: { 201: Repair },
      },
      config: { scope: 'admin', audit: 'telemetry.repair' },
    },
    async (request, reply) => reply.status(201).send(await service.apply(request.body, callerOf(request).name)),
  );
  api.get(
    '/storage/repairs',
    {
      schema: {
        ...schema,
        summary: 'Repairs, newest first, of the newest 200',
        querystring: ListQuery,
        response: { 200: RepairPage },
      },
      config: { scope: 'read' },
    },
    async ({ query }) => pageOfList(await service.list(), query, ({ id }) => id),
  );
  api.post(
    '/storage/repairs/:id/undo',
    {
      schema: {
        ...schema,
        summary: 'Bring the samples back as they were before a repair',
        params: z.object({ id: z.uuid().meta({ description: 'Id of the repair' }) }),
        response: { 200: Repair },
      },
      config: { scope: 'admin', audit: 'telemetry.undo_repair' },
    },
    async (request) => service.undo(request.params.id, callerOf(request).name),
  );
}
