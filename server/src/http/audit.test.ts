import { expect, it } from 'vitest';
import { z } from 'zod';
import { ADMIN_HEADERS, securedApp } from '../../test/records/secured-app.ts';
import { NotFound } from '../domain/errors.ts';
import { MOST_DETAIL_CHARACTERS } from './audit.ts';

it('writes changes that succeed into the audit log: who, what, on what, and with what but secrets', async () => {
  const { app, records } = await securedApp((api) => {
    const config = { scope: 'write' as const, audit: 'lamp.change' };
    const params = z.object({ id: z.string() });
    api.get('/lamps', { config: { scope: 'read' } }, () => [{ id: '1' }]);
    api.post('/lamps', { config }, (_, reply) => reply.status(201).send({ id: '1', name: 'Hall' }));
    api.patch('/lamps/:id', { config, schema: { params } }, ({ params: { id } }) => {
      if (id !== '1') throw new NotFound(`there is no lamp "${id}"`);
      return { id };
    });
    const named = z.object({ name: z.string() });
    api.post('/lamps/:name/repair', { config, schema: { params: named } }, () => ({ id: '7', name: 'repair-job' }));
    api.delete('/lamps/:id', { config, schema: { params } }, (_, reply) => reply.status(204).send(null));
  });
  const ask = async (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', url: string, payload?: object) =>
    (await app.inject({ method, url: `/api/v1${url}`, headers: ADMIN_HEADERS, ...(payload ? { payload } : {}) }))
      .statusCode;
  expect(await ask('GET', '/lamps')).toBe(200);
  expect(await ask('POST', '/lamps', { name: 'Hall', bridge: { address: 'a', access_token: 'hidden' } })).toBe(201);
  expect(await ask('PATCH', '/lamps/1', { on: true })).toBe(200);
  expect(await ask('PATCH', '/lamps/2', { on: true })).toBe(404);
  expect(await ask('DELETE', '/lamps/1')).toBe(204);
  expect(await ask('POST', '/lamps/Hall/repair', { how: 'x'.repeat(2 * MOST_DETAIL_CHARACTERS) })).toBe(200);
  const { items } = await records.auditLog.page({ limit: 10 });
  const by = { actor: 'token:administrator', action: 'lamp.change' };
  expect(items.toReversed()).toMatchObject([
    { ...by, target: 'Hall', detail: '{"name":"Hall","bridge":{"address":"a","access_token":"…"}}' },
    { ...by, target: '1', detail: '{"on":true}' },
    { ...by, target: '1', detail: null },
    { ...by, target: 'Hall' },
  ]);
  expect(items[0]?.detail).toHaveLength(MOST_DETAIL_CHARACTERS + 1);
});
