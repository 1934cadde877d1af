import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeWith } from '../needs.ts';
import { type Influx, startInflux } from './influx.ts';
import { type Service, startService, TOKEN, temporaryFolder } from './service.ts';

const AUTHORIZED = { authorization: `Token ${TOKEN}` };
const folder = temporaryFolder();
let service: Service;

beforeAll(async () => {
  service = await startService(folder.path);
});
afterAll(async () => {
  await service.stop();
  folder.remove();
});

interface Answer {
  readonly status: number;
  readonly type: string | null | undefined;
  readonly body: string;
  readonly allow: boolean;
}

/** Status, content type (if there is a body) and body, which must be equal byte for byte. */
async function answerOf(url: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(url, { ...init, headers: { ...(init.headers as object), ...AUTHORIZED } });
  const body = await response.text();
  const type = body === '' ? null : response.headers.get('content-type')?.split(';')[0];
  return { status: response.status, type, body, allow: response.headers.has('allow') };
}

describeWith('INFLUXD', 'the base path compared with a real InfluxDB', (influxd) => {
  const influxFolder = temporaryFolder();
  let influx: Influx;

  beforeAll(async () => {
    influx = await startInflux(influxFolder.path, influxd);
  });
  afterAll(async () => {
    await influx.stop();
    influxFolder.remove();
  });

  const both = (path: string, init?: RequestInit) =>
    Promise.all([answerOf(`${service.url}/influxdb${path}`, init), answerOf(influx.url + path, init)]);

  const post = (body: string) => ({ method: 'POST', body });
  it.each<[path: string, init?: RequestInit]>([
    ['/ping'],
    ['/ping', { method: 'HEAD' }],
    ['/ping?wait_for_leader=30s'],
    ['/ping?verbose=false'],
    ['/write?db=bench', post('cpu,host=two\\\\ words value=42 1000000')],
    ['/write?db=bench', post('cpu')],
    ['/write?db=bench', post('cpu,host=a<b&c v=1x 1')],
    ['/write?db=bench', post('cpu v=1 9223372036854775808')],
    ['/write?db=bench', post('cpu,host=a v=1 1\ncpu,host=a v=é\ncpu v=1 -')],
    ['/write?db=bench', post('')],
    ['/write', { method: 'GET' }],
    ['/query', { method: 'DELETE' }],
    ['/query'],
    ['/query?q='],
    ['/nothing'],
    ['/nothing', post('x')],
  ])('%s %j is answered with the same bytes', async (path, init) => {
    const [ours, theirs] = await both(path, init);
    expect(ours).toEqual(theirs);
  });

  /** Parts of statements, mostly combined into valid ones. */
  const name = fc.constantFrom('d1', 'd2', '"d 3"', '"d\\"4"');
  const policy = fc.constantFrom('p1', '"p 2"', 'autogen');
  const duration = fc.constantFrom('INF', '1h', '90m', '2d', '47h', '180d', '52w', '1w2d', '30m', '0s', '1y', '5', 'x');
  const replicas = fc.constantFrom('1', '3', '0', 'x', '2147483648');
  const shard = fc.option(
    duration.map((text) => `SHARD DURATION ${text}`),
    { nil: '' },
  );
  const isDefault = fc.constantFrom('', 'DEFAULT');
  const options = fc
    .shuffledSubarray(['DURATION', 'REPLICATION', 'SHARD', 'NAME'], { minLength: 0, maxLength: 3 })
    .chain((kinds) =>
      fc.tuple(
        ...kinds.map((kind) =>
          (kind === 'REPLICATION' ? replicas : kind === 'NAME' ? policy : duration).map(
            (text) => `${kind}${kind === 'SHARD' ? ' DURATION' : ''} ${text}`,
          ),
        ),
      ),
    )
    .map((words) => words.join(' '));
  const statement = fc.oneof(
    fc.tuple(fc.constant('CREATE DATABASE'), name),
    fc.tuple(fc.constant('create database'), name, fc.constant('WITH'), options),
    fc.tuple(
      fc.constant('CREATE RETENTION POLICY'),
      policy,
      fc.constant('ON'),
      name,
      fc.constant('DURATION'),
      duration,
      fc.constant('REPLICATION'),
      replicas,
      shard,
      isDefault,
    ),
    fc.tuple(fc.constant('ALTER RETENTION POLICY'), policy, fc.constant('on'), name, options, isDefault),
    fc.tuple(fc.constant('SHOW RETENTION POLICIES ON'), name),
    fc.constantFrom(['SHOW DATABASES'], ['SHOW RETENTION POLICIES'], ['CREATE DATABASE']),
  );
  const statements = fc.array(
    statement.map((words) => words.filter((word) => word !== '').join(' ')),
    {
      minLength: 1,
      maxLength: 3,
    },
  );

  it('statements about databases and retention policies return the same results and the same errors', async () => {
    for (const database of ['d1', 'd2', '"d 3"', '"d\\"4"'])
      await both('/query', { method: 'POST', body: new URLSearchParams({ q: `CREATE DATABASE ${database}` }) });
    await fc.assert(
      fc.asyncProperty(fc.array(statements, { minLength: 10, maxLength: 20 }), async (requests) => {
        for (const request of requests) {
          const q = request.join('; ');
          const [ours, theirs] = await both('/query', { method: 'POST', body: new URLSearchParams({ q }) });
          // After an error InfluxDB 1.6 loses the results of the other statements.
          if (!theirs.body.includes('not executed')) expect([q, ours]).toEqual([q, withoutInternal(theirs)]);
          else expect(ours.body).toContain('"error"');
        }
      }),
      { numRuns: 12, endOnFailure: true },
    );
  });
});

/** InfluxDB lists a database for its own statistics, and one that this test did not create. */
function withoutInternal({ body, ...rest }: Answer): Answer {
  return { ...rest, body: body.replaceAll('["_internal"],', '').replaceAll('["bench"],', '') };
}

describe('clients that check the server before they write', () => {
  const get = async (path: string) => {
    const response = await fetch(service.url + path, { headers: AUTHORIZED });
    return { status: response.status, json: (await response.json()) as Record<string, unknown> };
  };

  it('find InfluxDB healthy under the base path, and the service at the root', async () => {
    const health = await fetch(`${service.url}/influxdb/health`);
    expect(await health.json()).toMatchObject({ name: 'influxdb', status: 'pass', checks: [] });
    expect(await (await fetch(`${service.url}/influxdb/ready`)).json()).toMatchObject({ status: 'ready' });
    expect((await get('/health')).json).toMatchObject({ service: 'wattkeeper', status: 'healthy' });
  });

  it.each(['', '/influxdb'])('are answered at %j by ping, orgs and buckets', async (base) => {
    const ping = await fetch(`${service.url}${base}/ping?verbose=true`);
    expect([ping.status, await ping.json()]).toEqual([200, { version: expect.stringMatching(/^1\.8/) }]);
    const { json: orgs } = await get(`${base}/api/v2/orgs?org=home`);
    expect(orgs).toMatchObject({ orgs: [{ name: 'home', id: expect.stringMatching(/^[0-9a-f]{16}$/) }] });
    const { json: buckets } = await get(`${base}/api/v2/buckets?name=energy`);
    expect(buckets).toMatchObject({ buckets: [{ name: 'energy', id: expect.stringMatching(/^[0-9a-f]{16}$/) }] });
    const body = JSON.stringify({ name: `made at ${base}`, orgID: '0123456789abcdef', retentionRules: [] });
    const create = () => fetch(`${service.url}${base}/api/v2/buckets`, { method: 'POST', body, headers: AUTHORIZED });
    const [first, again] = [await create(), await create()];
    expect([first.status, again.status]).toEqual([201, 422]);
    expect(await first.json()).toMatchObject({ name: `made at ${base}`, orgID: '0123456789abcdef' });
    expect(await again.json()).toMatchObject({ code: 'conflict' });
  });

  it('get errors in the format of InfluxDB 2.x for an unknown path, a body that is not JSON, or a missing token', async () => {
    const code = async (path: string, init: RequestInit = {}) => {
      const response = await fetch(`${service.url}/influxdb${path}`, init);
      return [response.status, ((await response.json()) as { code: string }).code];
    };
    expect(await code('/api/v2/nothing')).toEqual([404, 'not found']);
    expect(await code('/api/v2/buckets/0000000000000000', { headers: AUTHORIZED })).toEqual([404, 'not found']);
    expect(await code('/api/v2/buckets', { method: 'POST', body: '{', headers: AUTHORIZED })).toEqual([400, 'invalid']);
    expect(await code('/api/v2/write', { method: 'POST', body: 'm v=1' })).toEqual([401, 'unauthorized']);
    expect(await code('/api/v2/orgs')).toEqual([401, 'unauthorized']);
  });

  it.each(['/write', '/api/v2/write', '/influxdb/write', '/influxdb/api/v2/write'])('write at %s', async (path) => {
    const device = `at ${path}`;
    const body = `probe,device=${device.replaceAll(' ', '\\ ')} v=1.5 1700000000000000000`;
    const response = await fetch(service.url + path, { method: 'POST', body, headers: AUTHORIZED });
    expect(response.status).toBe(204);
    const window = 'start=2023-11-14T00:00:00Z&end=2023-11-16T00:00:00Z&bucket=raw';
    const answer = await service.json<{ series: { value: number[] }[] }>(
      `/api/v1/telemetry?device_id=${encodeURIComponent(device)}&metric=probe.v&${window}`,
    );
    expect(answer.series[0]?.value).toEqual([1.5]);
  });
});
