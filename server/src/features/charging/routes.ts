import {
  ChargingSession,
  ChargingSessionCreate,
  ChargingSessionPatch,
  ChargingSessionQuery,
} from '@wattkeeper/contract/charging.ts';
import { pageOf } from '@wattkeeper/contract/common.ts';
import { EntryId } from '@wattkeeper/contract/fields.ts';
import { z } from 'zod';
import type { Api } from '../../http/api.ts';
import type { ChargingService } from './service.ts';

const IdParams = z.object({ id: EntryId.meta({ description: 'Id of the session' }) });

/** `/charging-sessions`. */
export function chargingRoutes(api: Api, service: ChargingService): void {
  const schema = { tags: ['charging'] };
  api.get(
    '/charging-sessions',
    {
      schema: {
        ...schema,
        summary: 'Charging and discharging sessions of batteries and vehicles, newest first',
        querystring: ChargingSessionQuery,
        response: { 200: pageOf(ChargingSession) },
      },
      config: { scope: 'read' },
    },
    async ({ query }) => service.page(query),
  );
  api.post(
    '/charging-sessions',
    {
      schema: {
        ...schema,
        summary: 'Record a session by hand',
        body: ChargingSessionCreate,
        response: { 201: ChargingSession },
      },
      config: { scope: 'write', audit: 'charging_session.create' },
    },
    async ({ body }, reply) => reply.status(201).send(await service.create(body)),
  );
  api.get(
    '/charging-sessions/:id',
    {
      schema: { ...schema, summary: 'One session', params: IdParams, response: { 200: ChargingSession } },
      config: { scope: 'read' },
    },
    async ({ params }) => service.get(params.id),
  );
  api.patch(
    '/charging-sessions/:id',
    {
      schema: {
        ...schema,
        summary: 'Correct a session',
        params: IdParams,
        body: ChargingSessionPatch,
        response: { 200: ChargingSession },
      },
      config: { scope: 'write', audit: 'charging_session.change' },
    },
    async ({ params, body }) => service.update(params.id, body),
  );
}
