import {
  commentAnomaly,
  detectAnomalies,
  getAnomaly,
  labelAnomaly,
  listActiveAnomalies,
  listAnomalies,
  listRecentAnomalies,
  reopenAnomaly,
  resolveAnomaly,
} from '@wattkeeper/contract/endpoints/anomaly.ts';
import type { Api } from '../../http/api.ts';
import { callerOf } from '../../http/security-caller.ts';
import { serve } from '../../http/serve.ts';
import type { AnomalyService } from './service.ts';

/** `/anomaly/detect`, `/anomaly/recent`, `/anomaly/active`, `/anomaly`, `/anomaly/{id}` and its comments, labels and resolution. */
export function anomalyRoutes(api: Api, service: AnomalyService): void {
  serve(api, detectAnomalies, async ({ body }) => service.detect(body));
  serve(api, listRecentAnomalies, ({ query }) => service.recent(query));
  serve(api, listActiveAnomalies, ({ query }) => service.active(query));
  serve(api, listAnomalies, async ({ query }) => service.page(query));
  serve(api, getAnomaly, async (request) => service.detail(request.params.id));
  judgementRoutes(api, service);
}

function judgementRoutes(api: Api, service: AnomalyService): void {
  serve(api, resolveAnomaly, (request) =>
    service.resolve(request.params.id, callerOf(request).name, request.body?.comment),
  );
  serve(api, reopenAnomaly, (request) =>
    service.reopen(request.params.id, callerOf(request).name, request.body?.comment),
  );
  serve(api, labelAnomaly, (request) => service.label(request.params.id, callerOf(request).name, request.body.label));
  serve(api, commentAnomaly, (request) =>
    service.comment(request.params.id, callerOf(request).name, request.body.comment),
  );
}
