import { ClientMessage, EVENT_TOPICS, LIVE_CLOSE } from '@wattkeeper/contract/live.ts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Service, startService, temporaryFolder } from './service.ts';
import { type OpenApi, undescribed } from './undescribed.ts';

const folder = temporaryFolder();
let service: Service;
beforeAll(async () => {
  service = await startService(folder.path, { WATTKEEPER_HTTP__PREFIX: '/energy' });
});
afterAll(async () => {
  await service.stop();
  folder.remove();
});

it("the document has the server's address with its prefix, and every operation id once", async () => {
  const document = await service.json<{
    servers: { url: string }[];
    paths: Record<string, Record<string, { operationId?: string }>>;
  }>('/openapi.json');
  expect(document.servers.map(({ url }) => url)).toEqual(['/energy']);
  const ids = Object.values(document.paths).flatMap((item) =>
    Object.values(item).map(({ operationId }) => operationId),
  );
  expect(ids.filter((id) => id === undefined)).toEqual([]);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids).toContain('get_telemetry_latest');
  const [server] = document.servers;
  const origin = new URL(service.url).origin;
  expect((await fetch(`${origin}${server?.url}/api/v1/auth/me`)).status).toBe(401);
});

it('every operation, parameter, schema and property is described', async () => {
  expect(undescribed(await service.json<OpenApi>('/openapi.json'))).toEqual([]);
});

it('a missing description is found anywhere in the document', () => {
  const nameless = {
    anyOf: [{ items: { properties: { depth: {} } } }, { additionalProperties: { properties: { width: {} } } }],
  };
  const document = {
    components: {
      schemas: {
        Box: nameless,
        BoxInput: { description: 'A box', properties: { box: { $ref: '#/components/schemas/Box' } } },
      },
    },
    paths: {
      '/boxes/{id}': {
        get: {
          parameters: [{ name: 'id', schema: {} }],
          requestBody: {
            content: { 'application/json': { schema: { properties: { height: { description: ' ' } } } } },
          },
          responses: { 200: { content: { 'application/json': { schema: { allOf: [{ properties: { lid: {} } }] } } } } },
        },
      },
    },
  };
  expect(undescribed(document)).toEqual([
    'Box',
    'Box[].depth',
    'Box{}.width',
    'BoxInput.box',
    '/boxes/{id} get operationId',
    '/boxes/{id} get summary',
    '/boxes/{id} get ?id',
    '/boxes/{id} get body.height',
    '/boxes/{id} get 200',
    '/boxes/{id} get 200.lid',
  ]);
});

it('the document describes the topics, messages and close codes of the live stream', async () => {
  const { paths, components } = await service.json<{
    paths: Record<string, { get: { description: string } }>;
    components: { schemas: Record<string, object> };
  }>('/openapi.json');
  const { description } = paths['/api/v1/stream']!.get;
  for (const topic of ['readings:*', ...EVENT_TOPICS]) expect(description).toContain(`\`${topic}\``);
  for (const code of Object.values(LIVE_CLOSE)) expect(description).toContain(`- ${code}: `);
  expect(Object.keys(components.schemas)).toEqual(
    expect.arrayContaining(['LiveClientMessage', 'LiveServerMessage', 'LiveReading']),
  );
});

it('an unconfigured feature returns 404 with its setting, and stays in the document', async () => {
  const { paths } = await service.json<{ paths: Record<string, object> }>('/openapi.json');
  expect(Object.keys(paths)).toEqual(expect.arrayContaining(['/api/v1/storage/archive', '/api/v1/storage/backups']));
  const response = await service.request('/api/v1/storage/archive', { method: 'POST' });
  expect([response.status, await response.json()]).toEqual([
    404,
    expect.objectContaining({ code: 'feature_disabled', detail: expect.stringContaining('archive.store') }),
  ]);
});

it.each(['insights', 'alerts', 'schedule'])(
  'the topic %s is rejected, since nothing is published on it yet',
  (topic) => {
    const { error } = ClientMessage.safeParse({ type: 'subscribe', topics: [topic] });
    expect(error?.issues[0]?.message).toMatch(/nothing is published on .* yet; topics are readings/);
  },
);
