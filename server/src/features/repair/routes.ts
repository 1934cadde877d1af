import { listRepairs, previewRepair, repairTelemetry, undoRepair } from '@wattkeeper/contract/endpoints/quality.ts';
import type { Api } from '../../http/api.ts';
import { callerOf } from '../../http/security-caller.ts';
import { serve } from '../../http/serve.ts';
import { pageOfList } from '../../storage/records/page.ts';
import type { RepairService } from './service.ts';

/** `/storage/repairs`. */
export function repairRoutes(api: Api, service: RepairService): void {
  serve(api, previewRepair, async ({ body }) => service.preview(body));
  serve(api, repairTelemetry, (request) => service.apply(request.body, callerOf(request).name));
  serve(api, listRepairs, async ({ query }) => pageOfList(await service.list(), query, ({ id }) => id));
  serve(api, undoRepair, async (request) => service.undo(request.params.id, callerOf(request).name));
}
