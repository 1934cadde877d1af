import { afterAll, beforeAll, expect, it } from 'vitest';
import { postReadings, type Service, startService, temporaryFolder } from './service.ts';

const NAMES = ['a', 'b', 'c'].map((letter) => letter + '☀'.repeat(199));

interface ApiDocument {
  readonly paths: Record<string, { get?: { parameters?: { name: string }[] } }>;
}

const folder = temporaryFolder();
let service: Service;
beforeAll(async () => {
  service = await startService(folder.path);
});
afterAll(async () => {
  await service.stop();
  folder.remove();
});

it('a list is read page by page to its end, with any names of its items', async () => {
  const timestamp = '2026-01-01T00:00:00Z';
  await postReadings(
    service,
    NAMES.map((name) => ({ device_id: name, timestamp, values: { 'load.power_kw': 1 } })),
  );
  const names: string[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page: { items: { name: string }[]; next_cursor: string | null } = await service.json(
      `/api/v1/devices?limit=1${cursor && `&cursor=${cursor}`}`,
    );
    names.push(...page.items.map(({ name }) => name));
    cursor = page.next_cursor;
  }
  expect(names).toEqual(NAMES);
});

it('every list rejects a cursor that it never issued', async () => {
  const { paths } = await service.json<ApiDocument>('/openapi.json');
  const lists = Object.entries(paths).filter(([, { get }]) => get?.parameters?.some(({ name }) => name === 'cursor'));
  expect(lists.length).toBeGreaterThan(8);
  for (const [path] of lists) {
    for (const cursor of ['garbage', '-1', 'W10', 'WzEsMl0', 'WzEuNV0', 'WzEuNSwiYSJd', '%F0%9F%98%80']) {
      const answer = await service.request(`${path}?cursor=${cursor}`);
      expect([path, cursor, answer.status]).toEqual([path, cursor, 422]);
    }
  }
});

it('more series than fit into one history response are in the latest values, in records and in exports', async () => {
  const quantities = Array.from({ length: 10 }, (_, i) => `m.q${i}_kw`);
  const timestamp = '2026-02-01T00:00:00Z';
  const values = Object.fromEntries(quantities.map((metric) => [metric, 1]));
  const devices = Array.from({ length: 120 }, (_, i) => `many ${i}`);
  await postReadings(
    service,
    devices.map((device_id) => ({ device_id, timestamp, values })),
  );
  const { items } = await service.json<{ items: { device_name: string; values: object }[] }>(
    '/api/v1/telemetry/latest',
  );
  const many = items.filter(({ device_name }) => device_name.startsWith('many'));
  expect(many.length).toBe(devices.length);
  for (const one of many) expect(Object.keys(one.values).sort()).toEqual(quantities);

  const window = 'start=2026-02-01T00:00:00Z&end=2026-02-01T01:00:00Z';
  const csv = await (await service.request(`/api/v1/telemetry?${window}&format=csv`)).text();
  expect(csv.trim().split('\n')).toHaveLength(1 + devices.length * quantities.length);
  const records = await service.json<{ items: object[] }>(
    `/api/v1/energy-data?${window.replace('start', 'start_time').replace('end', 'end_time')}`,
  );
  expect(records.items).toHaveLength(devices.length);

  const refused = await service.request(`/api/v1/telemetry?${window}`);
  expect(refused.status).toBe(422);
  expect(await refused.text()).toContain('more than 1000 series');
});
