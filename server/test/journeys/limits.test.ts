import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { writeRecorderDatabase } from '../migration/recorder-database.ts';
import { postReadings, ROOT, type Service, settled, startService, TOKEN, temporaryFolder } from './service.ts';

const TIMESTAMP = new Date(Date.now() - 60_000).toISOString();
const LIMITS = {
  WATTKEEPER_LIMITS__DEVICES: '5',
  WATTKEEPER_LIMITS__LABELS_PER_DEVICE: '2',
  WATTKEEPER_LIMITS__SERIES: '9',
  WATTKEEPER_LIMITS__SERIES_PER_DEVICE: '4',
  WATTKEEPER_LIMITS__GROUPS: '3',
  WATTKEEPER_LIMITS__METRICS_PER_GROUP: '3',
};

interface Answer {
  readonly accepted: number;
  readonly rejected: number;
  readonly errors: readonly { index: number; metric: string | null; code: string; detail: string }[];
}

describe('limits on entities created from names in input', () => {
  const folder = temporaryFolder();
  afterAll(() => folder.remove());
  const allOf = (service: Service) => service.json<{ items: { values: object }[] }>('/api/v1/telemetry/latest');
  const seriesOf = async (service: Service) =>
    (await allOf(service)).items.flatMap(({ values }) => Object.keys(values)).length;

  it('reject single values with the found and the allowed number and the place, at every entry point, and accept known names even above a limit', async () => {
    let service = await startService(folder.path, LIMITS);
    onTestFinished(() => service.kill());
    const post = async (device: string, metrics: string[]) =>
      (await (await postReadings(service, [reading(device, metrics)])).json()) as Answer;
    const write = (lines: string) => service.request('/write', { method: 'POST', body: lines });

    expect(await post('a', ['g.q0', 'g.q1', 'g.q2', 'g.q3', 'h.q0', 'h.q1'])).toMatchObject({
      accepted: 4,
      rejected: 2,
      errors: [
        {
          index: 0,
          metric: 'g.q3',
          code: 'too_many_metrics',
          detail: 'the group has 3 metrics, limits.metrics_per_group allows 3: this one is new',
        },
        {
          index: 0,
          metric: 'h.q1',
          code: 'too_many_series',
          detail: 'the device has 4 series, limits.series_per_device allows 4: this one is new',
        },
      ],
    });
    const partial = await write(`i,host=b,region=r,os=o x=1\nj,host=b x=1,y=1\ng,host=b q1=1`);
    expect(partial.status).toBe(400);
    expect(await partial.json()).toEqual({
      error:
        'partial write: j.x: 3 metric groups are known, limits.groups allows 3: this one is new\nj.y: 3 metric groups are known, limits.groups allows 3: this one is new dropped=2',
    });
    expect((await post('c', ['g.q0', 'g.q1'])).accepted).toBe(2);
    expect(await post('d', ['g.q0', 'g.q1'])).toMatchObject({
      accepted: 1,
      errors: [{ code: 'too_many_series', detail: '9 series are known, limits.series allows 9: this one is new' }],
    });
    await post('e', ['g.q0']);
    expect(await post('f', ['g.q0'])).toMatchObject({
      status: 422,
      errors: [
        {
          field: '0',
          code: 'invalid_device',
          detail: expect.stringContaining('5 devices are known, limits.devices allows 5'),
        },
      ],
    });
    expect((await write('g,host=b,l1=1,l2=2,l3=3,l4=4 q1=2')).status).toBe(400);
    expect((await write('h,host=a,os=1,l2=2,l3=3 q0=2')).status).toBe(400);
    await settled(service);
    expect(await seriesOf(service)).toBe(9);
    await service.stop();

    const lower = { ...LIMITS, WATTKEEPER_LIMITS__SERIES: '1', WATTKEEPER_LIMITS__DEVICES: '1' };
    service = await startService(folder.path, { ...lower, WATTKEEPER_IMPORTS__FOLDERS__0: folder.path });
    expect(await post('a', ['g.q0', 'g.q1', 'g.q2', 'h.q0'])).toMatchObject({ accepted: 4, rejected: 0 });
    expect((await write('i,host=b x=3')).status).toBe(204);
    const recorder = join(folder.path, 'recorder.db');
    const hourly = [{ start: Math.floor(Date.now() / 3_600_000) * 3600 - 7200, mean: 1 }];
    writeRecorderDatabase(recorder, [{ id: 'sensor.solar_power', unit: 'W', hourly }]);
    const migration = ['migrate', 'home-assistant', recorder, '--device', 'a', '--token', TOKEN];
    const { port } = new URL(service.url);
    expect(await command(migration, { WATTKEEPER_HTTP__PORT: port })).toMatchObject({
      found: 1,
      migrated: 0,
      missing: 1,
    });
    expect(await seriesOf(service)).toBe(9);
    await service.stop();
  });

  it('hold for imports into a folder without a service', async () => {
    const csv = join(folder.path, 'rows.csv');
    const mapping = join(folder.path, 'mapping.yaml');
    writeFileSync(csv, `at,known,new\n${TIMESTAMP},1,2\n`);
    writeFileSync(
      mapping,
      'device: a\ntimestamp: { column: at }\ncolumns: { known: { metric: g.q0 }, new: { metric: g.q9 } }',
    );
    const imported = await command(['import', csv, '--mapping', mapping]);
    expect(imported).toMatchObject({ accepted: 1, rejected: 1, rejected_by: { too_many_metrics: { count: 1 } } });
  });

  async function command(argv: readonly string[], environment: Record<string, string> = {}): Promise<unknown> {
    const env = {
      PATH: process.env.PATH,
      HOME: folder.path,
      WATTKEEPER_DATA_DIR: folder.path,
      ...LIMITS,
      ...environment,
    };
    const run = promisify(execFile)(process.execPath, ['server/src/main.ts', ...argv, '--json'], { cwd: ROOT, env });
    const { stdout } = await run.catch((error: { stdout: string }) => error);
    return JSON.parse(stdout.trim().split('\n').at(-1)!);
  }
});

it('60,000 different fields in 30 posts, and 30,000 readings of a field each, use no more memory than their limits allow', async () => {
  const folder = temporaryFolder();
  const service = await startService(folder.path);
  onTestFinished(async () => {
    await service.kill();
    folder.remove();
  });
  const before = residentMb(service);
  for (let post = 0; post < 30; post++) {
    const fields = Array.from({ length: 2_000 }, (_, i) => `f${2_000 * post + i}`);
    const lines = `g,device=a ${fields.map((field) => `${field}=1`).join(',')}`;
    expect((await service.request('/write', { method: 'POST', body: lines })).status).toBe(400);
    const metrics = fields.map((field) => `${field}.v`);
    // Some values of the first post fit below the limit, none of the others.
    expect((await postReadings(service, [reading('b', metrics)])).status).toBe(post === 0 ? 202 : 422);
  }
  const readings = Array.from({ length: 30_000 }, (_, i) => reading(`c${i % 100}`, [`g.s${i}`]));
  const rejected = await (await postReadings(service, readings)).json();
  expect(rejected).toMatchObject({ status: 422, detail: expect.stringContaining('none of 30000 values can be kept') });
  await settled(service);
  // Several GB without limits; about 200 MB with them.
  if (process.platform === 'linux') expect(residentMb(service) - before).toBeLessThan(600);
  expect(await service.stop()).toBe(0);
});

function reading(device: string, metrics: readonly string[]) {
  return { device_id: device, timestamp: TIMESTAMP, values: Object.fromEntries(metrics.map((metric) => [metric, 1])) };
}

function residentMb({ pid }: Service): number {
  if (process.platform !== 'linux') return 0;
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}
