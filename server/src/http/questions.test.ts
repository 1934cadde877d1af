import { expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { ADMIN_HEADERS, securedApp, securedServer } from '../../test/records/secured-app.ts';

const Settings = z.object({
  name: z.string(),
  labels: z.record(z.string(), z.string()).optional(),
  price: z
    .discriminatedUnion('type', [
      z.object({ type: z.literal('fixed'), rate: z.number() }),
      z.object({ type: z.literal('dynamic'), markup: z.number() }),
    ])
    .optional(),
  ranges: z.array(z.object({ from: z.number() })).optional(),
});

async function start() {
  const { auth } = await securedApp();
  const app = await securedServer(auth, {
    apiRoutes: (api) => {
      const list = z.union([z.string(), z.array(z.string())]).optional();
      const querystring = z.object({ device_id: list, site_id: z.string().optional() });
      api.get('/things', { schema: { querystring }, config: { scope: 'read' } }, ({ query }) => query);
      api.get('/things/:id', { schema: {}, config: { scope: 'read' } }, () => ({}));
      api.delete('/things/:id', { schema: {}, config: { scope: 'read' } }, () => ({}));
      api.put('/things/:name/settings', { schema: { body: Settings }, config: { scope: 'read' } }, ({ body }) => body);
    },
  });
  onTestFinished(() => app.close());
  const headers = ADMIN_HEADERS;
  return {
    get: (path: string) => app.inject({ url: `/api/v1${path}`, headers }),
    put: (payload: object) => app.inject({ method: 'PUT', url: '/api/v1/things/a/settings', headers, payload }),
    ask: (method: 'GET' | 'POST' | 'DELETE', path: string) => app.inject({ method, url: `/api/v1${path}`, headers }),
  };
}

it('an unknown parameter is rejected, and the error suggests the closest known one', async () => {
  const { get } = await start();
  const wrong = await get('/things?device=House');
  expect(wrong.statusCode).toBe(422);
  expect(wrong.json().errors).toEqual([
    { field: 'device', detail: 'is no parameter here; did you mean device_id? Allowed: device_id, site_id' },
  ]);
  expect((await get('/things/a?device_id=1')).json().detail).toBe('device_id: is no parameter here, which takes none');
  for (const name of ['__proto__', 'constructor', 'toString', 'device_id[0]', 'x'.repeat(5000)])
    expect((await get(`/things?${name}=1`)).statusCode, name).toBe(422);
});

it('names of list parameters may end with brackets', async () => {
  const { get } = await start();
  expect((await get('/things?device_id[]=a&device_id%5B%5D=b&device_id=c')).json()).toEqual({
    device_id: ['c', 'a', 'b'],
  });
  expect((await get('/things?site_id[]=a')).json()).toEqual({ site_id: 'a' });
});

it('an unknown key in a body is rejected at any depth, and objects with free names accept any key', async () => {
  const { put } = await start();
  const good = {
    name: 'a',
    labels: { any: 'x', constructor: 'y' },
    price: { type: 'dynamic', markup: 1 },
    ranges: [{ from: 1 }],
  };
  expect((await put(good)).json()).toEqual(good);
  const wrong = await put({
    ...good,
    nam: 1,
    price: { ...good.price, markups: 2 },
    ranges: [{ from: 1 }, { form: 2 }],
  });
  expect(wrong.statusCode).toBe(422);
  expect(wrong.json().errors).toEqual([
    { field: 'price.markups', detail: 'is no key here; did you mean markup? Allowed: type, rate, markup' },
    { field: 'ranges.1.form', detail: 'is no key here; did you mean from? Allowed: from' },
    { field: 'nam', detail: 'is no key here; did you mean name? Allowed: name, labels, price, ranges' },
  ]);
  expect((await put(JSON.parse('{"name":"a","__proto__":{"x":1}}'))).statusCode).toBe(422);
});

it('a path with other methods lists them', async () => {
  const { ask } = await start();
  const answer = await ask('POST', '/things/a');
  expect(answer.statusCode).toBe(405);
  expect(answer.headers.allow).toBe('DELETE, GET, HEAD');
  expect(answer.json()).toMatchObject({ code: 'method_not_allowed', status: 405 });
  expect((await ask('DELETE', '/things/a/b')).statusCode).toBe(404);
  expect((await ask('GET', '/things/a/settings')).headers.allow).toBe('PUT');
});
