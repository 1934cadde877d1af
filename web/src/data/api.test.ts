import { describe, expect, it } from 'vitest';
import { ApiClient } from './api.ts';
import { ApiProblem } from './problem.ts';

function clientAnswering(answer: (url: string, init: RequestInit) => Response) {
  const requests: { url: string; init: RequestInit }[] = [];
  const client = new ApiClient('http://host/api/v1', async (input, init) => {
    requests.push({ url: String(input), init: init ?? {} });
    return answer(String(input), init ?? {});
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
    const error = await client.get('/telemetry').catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ApiProblem);
    expect(error).toMatchObject({ status: 422, code: 'invalid_input', message: 'end is wrong', temporary: false });
    expect((error as ApiProblem).fields).toEqual([{ field: 'end', detail: 'late' }]);
  });

  it('says that the server is not reached, whether the network or a proxy failed', async () => {
    const broken = new ApiClient('http://host/api/v1', () => Promise.reject(new TypeError('fetch failed')));
    await expect(broken.get('/sites')).rejects.toMatchObject({ code: 'unreachable', temporary: true });
    const { client } = clientAnswering(() => new Response('<h1>Bad gateway</h1>', { status: 502 }));
    await expect(client.get('/sites')).rejects.toMatchObject({ code: 'unreachable', status: 502 });
  });

  it('sends the CSRF token with changes and not with reading', async () => {
    const { client, requests } = clientAnswering(() => json({ items: [], next_cursor: null }));
    client.csrfToken = 'token';
    await client.get('/sites');
    await client.post('/tariffs', { name: 'flat' });
    expect(new Headers(requests[0]!.init.headers).get('x-csrf-token')).toBeNull();
    expect(new Headers(requests[1]!.init.headers).get('x-csrf-token')).toBe('token');
  });

  it('follows the cursor of a list and repeats array parameters', async () => {
    const { client, requests } = clientAnswering((url) =>
      json(url.includes('cursor=b') ? { items: [2], next_cursor: null } : { items: [1], next_cursor: 'b' }),
    );
    expect(await client.list<number>('/devices', { kind: ['meter', 'machine'] })).toEqual([1, 2]);
    expect(requests[0]!.url).toContain('kind=meter&kind=machine');
    // Every list takes both.
    expect(requests[0]!.url).toContain('limit=1000');
    expect(requests[0]!.url).not.toContain('cursor');
    expect(requests[1]!.url).toContain('limit=1000&cursor=b');
  });
});
