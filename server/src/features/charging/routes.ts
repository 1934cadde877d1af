import {
  changeChargingSession,
  createChargingSession,
  getChargingSession,
  listChargingSessions,
} from '@wattkeeper/contract/endpoints/charging.ts';
import type { Api } from '../../http/api.ts';
import { serve } from '../../http/serve.ts';
import type { ChargingService } from './service.ts';

/** `/charging-sessions`. */
export function chargingRoutes(api: Api, service: ChargingService): void {
  serve(api, listChargingSessions, async ({ query }) => service.page(query));
  serve(api, createChargingSession, ({ body }) => service.create(body));
  serve(api, getChargingSession, async ({ params }) => service.get(params.id));
  serve(api, changeChargingSession, async ({ params, body }) => service.update(params.id, body));
}
