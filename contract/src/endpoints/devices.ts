import { z } from 'zod';
import { PageQuery, pageOf } from '../common.ts';
import { Device, DeviceCreate, DevicePatch, DeviceQuery, DeviceRemoved } from '../device.ts';
import { endpoint } from '../endpoint.ts';
import { DeviceReference } from '../fields.ts';

const ListQuery = DeviceQuery.extend(PageQuery.shape);
const IdParams = z.object({ id: DeviceReference.min(1).max(200) });

export const listDevices = endpoint({
  method: 'GET',
  path: '/devices',
  tag: 'devices',
  summary: 'Devices by name',
  query: ListQuery,
  answers: { 200: pageOf(Device) },
  scope: 'read',
});

export const listMachines = endpoint({
  method: 'GET',
  path: '/machines',
  tag: 'devices',
  summary: 'Devices of kind machine',
  query: ListQuery.omit({ kind: true }),
  answers: { 200: pageOf(Device) },
  scope: 'read',
});

export const createDevice = endpoint({
  method: 'POST',
  path: '/devices',
  tag: 'devices',
  summary: 'Register a device',
  body: DeviceCreate,
  answers: { 201: Device },
  scope: 'write',
  audit: 'device.create',
});

export const getDevice = endpoint({
  method: 'GET',
  path: '/devices/:id',
  tag: 'devices',
  summary: 'One device, by id or name',
  params: IdParams,
  answers: { 200: Device },
  scope: 'read',
});

export const changeDevice = endpoint({
  method: 'PATCH',
  path: '/devices/:id',
  tag: 'devices',
  summary: 'Change, retire or reactivate a device',
  params: IdParams,
  body: DevicePatch,
  answers: { 200: Device },
  scope: 'write',
  audit: 'device.change',
});

export const removeDevice = endpoint({
  method: 'DELETE',
  path: '/devices/:id',
  tag: 'devices',
  summary:
    'Delete a device with its readings: it is removed immediately, and a job deletes the readings from every store and the archive',
  params: IdParams,
  query: z.object({
    confirm: z.string().optional().meta({ description: "The device's name; required if it has readings" }),
  }),
  answers: { 202: DeviceRemoved },
  scope: 'admin',
  audit: 'device.remove',
});
