import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { ADMIN_HEADERS, securedApp } from '../../test/records/secured-app.ts';
import { rawDatabase, recordsIn, temporaryDatabase } from '../../test/records/temporary-records.ts';
import { NotFound } from '../domain/errors.ts';
import { MAX_WAITING_ENTRIES } from '../storage/records/accounts/audit-log.ts';
import { MAX_DETAIL_CHARACTERS } from './audit.ts';

it('records successful changes in the audit log: actor, action, target, and body without secrets', async () => {
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
  expect(await ask('POST', '/lamps/Hall/repair', { how: 'x'.repeat(2 * MAX_DETAIL_CHARACTERS) })).toBe(200);
  const { items } = await records.auditLog.page({ limit: 10 });
  const by = { actor: 'token:administrator', action: 'lamp.change' };
  expect(items.toReversed()).toMatchObject([
    { ...by, target: 'Hall', detail: '{"name":"Hall","bridge":{"address":"a","access_token":"(not shown)"}}' },
    { ...by, target: '1', detail: '{"on":true}' },
    { ...by, target: '1', detail: null },
    { ...by, target: 'Hall' },
  ]);
  expect(items[0]?.detail).toHaveLength(MAX_DETAIL_CHARACTERS + 1);
});

it('reports success of a change whose entry cannot be written yet, and writes the entry later, in order', async () => {
  const warnings: string[] = [];
  const place = temporaryDatabase();
  const records = await recordsIn(place, { warn: (message) => warnings.push(message) });
  const { app } = await securedApp(
    (api) => {
      const config = { scope: 'write' as const, audit: 'lamp.change' };
      const params = z.object({ id: z.string() });
      api.put('/lamps/:id', { config, schema: { params } }, (_, reply) => reply.type('text/plain').send('{done'));
    },
    {},
    records,
  );
  const change = async (id: number) =>
    (await app.inject({ method: 'PUT', url: `/api/v1/lamps/${id}`, headers: ADMIN_HEADERS })).statusCode;
  const raw = rawDatabase(place);
  await sql`CREATE TRIGGER full BEFORE INSERT ON audit_log BEGIN SELECT RAISE(ABORT, 'the disk is full'); END`.execute(
    raw,
  );
  for (const id of [1, 2]) expect(await change(id)).toBe(200);
  const password = { username: 'ann', password: 'a password of a test', role: 'viewer' };
  const user = await app.inject({ method: 'POST', url: '/api/v1/users', headers: ADMIN_HEADERS, payload: password });
  expect(user.statusCode).toBe(201);
  expect(records.auditLog.waiting).toBe(3);
  expect(warnings.join('\n')).toMatch(/the disk is full[\s\S]*"target":"2"/);
  await sql`DROP TRIGGER full`.execute(raw);
  expect(await change(3)).toBe(200);
  expect(records.auditLog.waiting).toBe(0);
  const { items } = await records.auditLog.page({ limit: 10 });
  expect(items.toReversed().map(({ target }) => target)).toEqual(['1', '2', 'ann', '3']);
});

it('limits the number of entries that wait to be written', async () => {
  const place = temporaryDatabase();
  const { auditLog } = await recordsIn(place, { warn: () => {} });
  await sql`CREATE TRIGGER full BEFORE INSERT ON audit_log BEGIN SELECT RAISE(ABORT, 'the disk is full'); END`.execute(
    rawDatabase(place),
  );
  for (let i = 0; i < MAX_WAITING_ENTRIES + 10; i++) await auditLog.append({ actor: 'a', action: 'b' });
  expect(auditLog.waiting).toBe(MAX_WAITING_ENTRIES);
});
