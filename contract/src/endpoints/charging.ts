import { z } from 'zod';
import { ChargingSession, ChargingSessionCreate, ChargingSessionPatch, ChargingSessionQuery } from '../charging.ts';
import { pageOf } from '../common.ts';
import { endpoint } from '../endpoint.ts';
import { EntryId } from '../fields.ts';

const IdParams = z.object({ id: EntryId.meta({ description: 'Id of the session' }) });

export const listChargingSessions = endpoint({
  method: 'GET',
  path: '/charging-sessions',
  tag: 'charging',
  summary: 'Charging and discharging sessions of batteries and vehicles, newest first',
  query: ChargingSessionQuery,
  answers: { 200: pageOf(ChargingSession) },
  scope: 'read',
});

export const createChargingSession = endpoint({
  method: 'POST',
  path: '/charging-sessions',
  tag: 'charging',
  summary: 'Record a session manually',
  body: ChargingSessionCreate,
  answers: { 201: ChargingSession },
  scope: 'write',
  audit: 'charging_session.create',
});

export const getChargingSession = endpoint({
  method: 'GET',
  path: '/charging-sessions/:id',
  tag: 'charging',
  summary: 'One session',
  params: IdParams,
  answers: { 200: ChargingSession },
  scope: 'read',
});

export const changeChargingSession = endpoint({
  method: 'PATCH',
  path: '/charging-sessions/:id',
  tag: 'charging',
  summary: 'Correct a session',
  params: IdParams,
  body: ChargingSessionPatch,
  answers: { 200: ChargingSession },
  scope: 'write',
  audit: 'charging_session.change',
});
