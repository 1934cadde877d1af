import { describe, expect, it } from 'vitest';
import { ApiProblem } from './api-problem.ts';
import { ApiClient } from './client.ts';
import { listDevices } from './endpoints/devices.ts';
import { getHealth, getReadiness } from './endpoints/service.ts';
import { getSite, listSites } from './endpoints/sites.ts';
import { createTariff } from './endpoints/tariffs.ts';
import { getTelemetry } from './endpoints/telemetry.ts';

function clientAnswering(answer: (url: string, init: RequestInit) => Response) {
  const requests: { url: string; init: RequestInit }[] = [];
  const client = new ApiClient('http://host', {
    fetch: async (url, init) => {
      requests.push({ url, init });
      return answer(url, init);
    },
  });
  return { client, requests };
}

const json = (body: unknown, status = 200, type = 'application/json') =>
  new Response(JSON.stringify(body), { status, headers: { 'content-type': type } });

describe('ApiClient', () => {
  it('raises a problem document with its code, message and fields', async () => {
    const problem = {
      type: 'about:blank',
      title: 'Invalid',
      status: 422,
      code: 'invalid_input',
      detail: 'end is wrong',
    };
    const { client } = clientAnswering(() =>
      json({ ...problem, errors: [{ field: 'end', detail: 'late' }] }, 422, 'application/problem+json'),
    );
    const error = await client.call(getTelemetry).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ApiProblem);
    expect(error).toMatchObject({ status: 422, code: 'invalid_input', message: 'end is wrong', temporary: false });
    expect((error as ApiProblem).fields).toEqual([{ field: 'end', detail: 'late' }]);
  });

  it('says that the server is not reached, whether the network or a proxy failed', async () => {
    const broken = new ApiClient('http://host', { fetch: () => Promise.reject(new TypeError('fetch failed')) });
    await expect(broken.call(listSites)).rejects.toMatchObject({ code: 'unreachable', temporary: true });
    const { client } = clientAnswering(() => new Response('<h1>Bad gateway</h1>', { status: 502 }));
    await expect(client.call(listSites)).rejects.toMatchObject({ code: 'unreachable', status: 502 });
  });

  it('sends the CSRF token with changes and not with reading', async () => {
    const { client, requests } = clientAnswering(() => json({ items: [], next_cursor: null }));
    client.csrfToken = 'token';
    await client.call(listSites);
    await client.call(createTariff, { body: { name: 'flat' } as never });
    expect(new Headers(requests[0]!.init.headers).get('x-csrf-token')).toBeNull();
    expect(new Headers(requests[1]!.init.headers).get('x-csrf-token')).toBe('token');
  });

  it('follows the cursor of a list and repeats array parameters', async () => {
    const { client, requests } = clientAnswering((url) =>
      json(url.includes('cursor=b') ? { items: [2], next_cursor: null } : { items: [1], next_cursor: 'b' }),
    );
    expect(await client.list(listDevices, { query: { kind: 'meter' } })).toEqual([1, 2]);
    expect(client.url(getTelemetry, { query: { metric: ['a', 'b'] } })).toMatch(/telemetry\?metric=a&metric=b$/);
    // Every list takes both.
    expect(requests[0]!.url).toContain('limit=1000');
    expect(requests[0]!.url).not.toContain('cursor');
    expect(requests[1]!.url).toContain('limit=1000&cursor=b');
  });

  it('reads at most the allowed number of pages of a list', async () => {
    const fetch = async () => json({ items: [1], next_cursor: 'more' });
    expect(await new ApiClient('http://host', { fetch, maxPages: 3 }).list(listDevices)).toEqual([1, 1, 1]);
  });

  it('writes the parameters of a path so that they stay in their place, also where an endpoint is at the root', async () => {
    const { client, requests } = clientAnswering(() => json({}));
    await client.call(getSite, { params: { id: 'a/b c' } });
    await client.call(getHealth);
    expect(requests.map(({ url }) => url)).toEqual(['http://host/api/v1/sites/a%2Fb%20c', 'http://host/health']);
  });

  it('checks answers where it is to', async () => {
    const answering = (body: unknown, status = 200) =>
      new ApiClient('http://host', { fetch: async () => json(body, status), checksAnswers: true });
    await expect(answering({ ready: true }).call(getReadiness)).resolves.toEqual({ ready: true });
    await expect(answering({ ready: 1 }).call(getReadiness)).rejects.toThrow('ready');
    await expect(answering({ ready: 1 }, 202).call(getReadiness)).rejects.toThrow('ready');
  });
});
