import type { IngestAnswer } from '@wattkeeper/contract/reading.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeWith } from '../needs.ts';
import { type PostgresServer, startPostgresServer } from '../storage/postgres-server.ts';
import { postReadings, type Service, startService, temporaryFolder } from './service.ts';

const AT = '2026-03-01T10:00:00Z';
/** Characters that no name may contain; each is a JSON string, and most are well-formed. */
const BAD_TEXTS = ['\ud800', 'x\udc00', 'a\u0000b', '\u0007', 'line\nbreak', '\u0085', ' ', '\u3000'];

describe('names that not every store can hold', () => namesPromises({}));

describeWith('POSTGRES_BIN', 'names that not every store can hold, with records and telemetry in PostgreSQL', (bin) => {
  let server: PostgresServer;
  const environment: Record<string, string> = {};
  beforeAll(async () => {
    server = await startPostgresServer(bin);
    environment.WATTKEEPER_RECORDS__TYPE = 'postgres';
    environment.WATTKEEPER_RECORDS__URL = server.url();
    environment.WATTKEEPER_STORES__0__TYPE = 'postgres';
    environment.WATTKEEPER_STORES__0__URL = server.url();
  });
  afterAll(() => server.remove());
  namesPromises(environment);
});

function namesPromises(environment: Record<string, string>): void {
  const folder = temporaryFolder();
  let service: Service;
  beforeAll(async () => {
    service = await startService(folder.path, environment);
  });
  afterAll(async () => {
    await service.stop();
    folder.remove();
  });

  it('each cause an error, and the other values are stored', async () => {
    const metrics = BAD_TEXTS.flatMap((text) => [`${text}.power_kw`, `solar.${text}`]);
    const bad = Object.fromEntries(metrics.map((metric) => [metric, 1]));
    const readings = [
      { device_id: 'roof', timestamp: AT, values: { ...bad, 'solar.power_kw': 3, '': 1, '.': 1, 'rollup_1m.x.y': 1 } },
      ...BAD_TEXTS.map((device_id) => ({ device_id, timestamp: AT, values: { 'solar.power_kw': 1 } })),
      { device_id: 'roof 2', timestamp: AT, values: { 'solar.power_kw': 4, 'constructor.toString': 5 } },
    ];
    const response = await postReadings(service, readings);
    expect(response.status).toBe(202);
    const answer = (await response.json()) as IngestAnswer;
    expect(answer).toMatchObject({ accepted: 3, rejected: metrics.length + 3 + BAD_TEXTS.length });
    const devices = answer.errors.filter(({ code }) => code === 'invalid_device');
    expect(devices.map(({ index }) => index)).toEqual(BAD_TEXTS.map((_, i) => i + 1));
    const names = answer.errors.filter(({ code }) => code === 'invalid_metric');
    expect(names.map(({ index }) => index)).toEqual(Array(metrics.length + 3).fill(0));
    type Latest = { items: { values: Record<string, { value: number }> }[] };
    const { items } = await service.json<Latest>('/api/v1/telemetry/latest');
    const latest = items.flatMap(({ values }) => Object.entries(values).map(([metric, { value }]) => [metric, value]));
    expect(latest.sort()).toEqual([
      ['constructor.toString', 5],
      ['solar.power_kw', 3],
      ['solar.power_kw', 4],
    ]);
  });

  it('each cause the rejection of one line', async () => {
    const write = (body: string | Uint8Array<ArrayBuffer>) =>
      service.request('/write?precision=s', { method: 'POST', body });
    const good = 'good,host=a v=1 1770000000';
    const lines = [
      'm\u0000,host=a v=1',
      'm,host=a\u0000 v=1',
      'm,host=a v\u0007=1',
      'm,host=\u0085 v=1',
      '\\ ,host=a v=1',
    ];
    for (const line of lines) {
      const response = await write(`${good}\n${line} 1770000000\n`);
      expect([line, response.status]).toEqual([line, 400]);
      expect((await response.json()) as object).toMatchObject({ error: expect.stringMatching(/^partial write: /) });
    }
    const surrogate = Uint8Array.of(...Buffer.from('m,host='), 0xed, 0xa0, 0x80, ...Buffer.from(' v=1 1770000000'));
    expect((await write(surrogate)).status).toBe(400);
    expect((await write('m,host=a,note=b\u0000 v=1 1770000000')).status).toBe(400);
  });

  it('are rejected as names of devices, sites, labels and metrics', async () => {
    const post = (path: string, body: object | string) =>
      service.request(`/api/v1${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      });
    for (const text of BAD_TEXTS) {
      const name = `a${text}b`;
      if (name.trim() !== name || text.trim() === '') continue;
      for (const [path, body] of [
        ['/devices', { name }],
        ['/devices', { name: `labelled ${text.length}`, labels: { [name]: 'x' } }],
        ['/sites', { name }],
        ['/metrics-catalogue', { name: `solar.${name}`, unit: 'kW' }],
      ] as const) {
        expect([path, body, (await post(path, body)).status]).toEqual([path, body, 422]);
      }
    }
    const notNumbers = await post(
      '/readings',
      `[{"device_id": "nan", "timestamp": "${AT}", "values": {"a.b_kw": NaN, "c.d_kw": 1}}]`,
    );
    expect(notNumbers.status).toBe(202);
    expect(await notNumbers.json()).toMatchObject({
      accepted: 1,
      errors: [{ metric: 'a.b_kw', code: 'invalid_value', detail: 'must be a finite number; got "NaN"' }],
    });
    const none = await post('/readings', `{"device_id": "nan", "timestamp": "${AT}", "values": {"a.b_kw": Infinity}}`);
    expect(none.status).toBe(422);
    expect(await none.json()).toMatchObject({
      errors: [{ field: '0.values.a.b_kw', detail: 'must be a finite number; got "Infinity"' }],
    });
    const tooGreat = await post('/readings', `{"device_id": "nan", "timestamp": "${AT}", "values": {"a.b_kw": 1e999}}`);
    expect(await tooGreat.json()).toMatchObject({ errors: [{ detail: 'must be a finite number; got Infinity' }] });
    const response = await post('/devices', { name: 'noted', labels: { note: 'half \ud83d' } });
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({
      errors: [{ field: 'labels.note', detail: 'must be well-formed Unicode without the character NUL' }],
    });
  });
}
