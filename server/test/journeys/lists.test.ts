import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Service, startService, temporaryFolder } from './service.ts';

const folder = temporaryFolder();
let service: Service;

interface Operation {
  readonly parameters?: readonly { readonly name: string }[];
  readonly responses: Record<
    string,
    { content?: Record<string, { schema?: { properties?: Record<string, unknown> } }> }
  >;
}
interface Page {
  readonly items: readonly unknown[];
  readonly next_cursor: string | null;
}

beforeAll(async () => {
  service = await startService(folder.path);
});
afterAll(async () => {
  await service.stop();
  folder.remove();
});

/** Paths of all lists in the service's OpenAPI document: GET responses with `items`. */
async function lists(): Promise<[path: string, parameters: string[]][]> {
  const { paths } = await service.json<{ paths: Record<string, { get?: Operation }> }>('/openapi.json');
  return Object.entries(paths).flatMap(([path, { get }]) => {
    const schema = JSON.stringify(get?.responses['200']?.content?.['application/json']?.schema ?? {});
    return get && schema.includes('"items":{"type":"array"') && schema.includes('"next_cursor"')
      ? [[path, (get.parameters ?? []).map(({ name }) => name)] as [string, string[]]]
      : [];
  });
}

describe('lists', () => {
  it('all accept limit and cursor, and reject a cursor that none of them issued', async () => {
    const all = await lists();
    expect(all.length).toBeGreaterThan(20);
    for (const [path, parameters] of all)
      expect([path, parameters]).toEqual([path, expect.arrayContaining(['limit', 'cursor'])]);
    for (const path of [
      'sites',
      'tariffs',
      'users',
      'tokens',
      'features',
      'sources',
      'metrics-catalogue',
      'kpi/custom',
    ]) {
      const response = await service.request(`/api/v1/${path}?cursor=bm9uZQ`);
      expect([path, response.status]).toEqual([path, 422]);
      expect((await service.request(`/api/v1/${path}?limit=0`)).status).toBe(422);
    }
  });

  it.each(['metrics-catalogue', 'features', 'sites'])('%s in pages of any size equals the whole list', async (path) => {
    for (const name of ['a', 'b', 'c'])
      await service.request('/api/v1/sites', {
        method: 'POST',
        body: JSON.stringify({ name: `${path} ${name}` }),
        headers: { 'content-type': 'application/json' },
      });
    const whole = await service.json<Page>(`/api/v1/${path}`);
    expect(whole.next_cursor).toBeNull();
    for (const limit of [1, 3, whole.items.length]) {
      const items: unknown[] = [];
      for (let cursor = ''; ; ) {
        const page = await service.json<Page>(`/api/v1/${path}?limit=${limit}${cursor && `&cursor=${cursor}`}`);
        expect(page.items.length).toBeLessThanOrEqual(limit);
        items.push(...page.items);
        if (page.next_cursor === null) break;
        cursor = page.next_cursor;
      }
      expect(items).toEqual(whole.items);
    }
  });

  it('deleting the last item of a page invalidates its cursor, so that no item is skipped', async () => {
    const { items: all } = await service.json<Page>('/api/v1/sites');
    const page = await service.json<{ items: { id: string }[]; next_cursor: string }>(
      `/api/v1/sites?limit=${all.length - 1}`,
    );
    const removed = await service.request(`/api/v1/sites/${page.items.at(-1)?.id}`, { method: 'DELETE' });
    expect(removed.status).toBe(204);
    const response = await service.request(`/api/v1/sites?cursor=${page.next_cursor}`);
    expect([response.status, await response.text()]).toEqual([422, expect.stringContaining('no longer in the list')]);
  });
});
