import { Repair, RepairPage, RepairPreview, RepairRequest } from '@wattkeeper/contract/repair.ts';
import { z } from 'zod';
import type { Api } from '../../http/api.ts';
import { callerOf } from '../../http/security-caller.ts';
import type { AuditLog } from '../../storage/records/audit-log.ts';
import type { RepairService } from './service.ts';

const schema = { tags: ['storage'] };

/** `/storage/repairs`. */
export function repairRoutes(api: Api, service: RepairService, auditLog: AuditLog): void {
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
      config: { scope: 'admin' },
    },
    async (request, reply) => {
      const actor = callerOf(request).name;
      const repair = await service.apply(request.body, actor);
      await auditLog.append({
        actor,
        action: 'telemetry.repair',
        target: repair.id,
        detail: JSON.stringify(request.body),
      });
      return reply.status(201).send(repair);
    },
  );
  api.get(
    '/storage/repairs',
    {
      schema: { ...schema, summary: 'Repairs, newest first, at most 200', response: { 200: RepairPage } },
      config: { scope: 'read' },
    },
    async () => ({ items: await service.list(), next_cursor: null }),
  );
  api.post(
    '/storage/repairs/:id/undo',
    {
      schema: {
        ...schema,
        summary: 'Bring the samples back as they were before a repair',
        params: z.object({ id: z.uuid() }),
        response: { 200: Repair },
      },
      config: { scope: 'admin' },
    },
    async (request) => {
      const actor = callerOf(request).name;
      const repair = await service.undo(request.params.id, actor);
      await auditLog.append({ actor, action: 'telemetry.undo_repair', target: repair.id });
      return repair;
    },
  );
}
