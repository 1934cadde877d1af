import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { EnergyBalance } from '@wattkeeper/contract/analytics/energy.ts';
import type { Device } from '@wattkeeper/contract/device.ts';
import { ImportDetection, ImportPreview, ImportResult, type ImportUpload } from '@wattkeeper/contract/import.ts';
import type { Job } from '@wattkeeper/contract/job.ts';
import type { Site } from '@wattkeeper/contract/site.ts';
import { afterAll, afterEach, expect, test } from 'vitest';
import { type Service, startService, temporaryFolder } from './service.ts';

const folder = temporaryFolder();
const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});
afterAll(() => folder.remove());

const CSV = `Zeitpunkt;Bezug (kW)\n${Array.from({ length: 96 }, (_, i) => `01.03.2026 ${String(Math.floor(i / 4)).padStart(2, '0')}:${String((i % 4) * 15).padStart(2, '0')};1,${i % 10}`).join('\n')}\n`;

async function started(name: string, environment: Record<string, string> = {}) {
  const dataDir = join(folder.path, name);
  const service = await startService(dataDir, environment);
  stops.push(() => service.stop());
  return { service, dataDir };
}

function post(service: Service, path: string, body: unknown): Promise<Response> {
  const isBytes = body instanceof Uint8Array;
  return service.request(`/api/v1/imports/uploads${path}`, {
    method: 'POST',
    headers: { 'content-type': isBytes ? 'application/octet-stream' : 'application/json' },
    body: isBytes ? Buffer.from(body) : JSON.stringify(body),
  });
}

/** Uploads a file in parts, as the web app does. */
async function uploaded(service: Service, name: string, content: Buffer, partBytes = 700): Promise<string> {
  const upload = (await (await post(service, '', { name, bytes: content.length })).json()) as ImportUpload;
  for (let offset = 0; offset < content.length; offset += partBytes) {
    const part = content.subarray(offset, offset + partBytes);
    expect((await post(service, `/${upload.id}/parts?offset=${offset}`, part)).status).toBe(200);
  }
  return upload.id;
}

async function result(service: Service, id: string, body: object): Promise<ImportResult> {
  const answer = await post(service, `/${id}/runs`, body);
  expect(answer.status).toBe(202);
  const { id: jobId } = (await answer.json()) as Job;
  const ended = async () => service.json<Job>(`/api/v1/jobs/${jobId}`);
  await expect.poll(async () => (await ended()).finished_at).not.toBeNull();
  const job = await ended();
  expect(job).toMatchObject({ state: 'succeeded', error: null });
  return ImportResult.parse(job.result);
}

test('a file is uploaded in parts, detected, shown, read in a dry run and imported, and the result leads to its data', async () => {
  const { service, dataDir } = await started('wizard');
  const id = await uploaded(service, 'House.csv', Buffer.from(CSV));
  const asked = await post(service, `/${id}/detection`, { timezone: 'Europe/Warsaw', site: 'Our house' });
  const detected = ImportDetection.parse(await asked.json());
  expect(detected).toMatchObject({
    format: 'table',
    mapping: { site: { name: 'Our house', timezone: 'Europe/Warsaw', currency: 'PLN', country: 'PL' }, kind: 'meter' },
    sample: { columns: ['Zeitpunkt', 'Bezug (kW)'] },
  });
  expect(detected.sample.rows[1]).toEqual(['01.03.2026 00:15', '1,1']);
  const mapping = JSON.stringify(detected.mapping);
  const preview = ImportPreview.parse(await (await post(service, `/${id}/preview`, { mapping })).json());
  expect(preview).toMatchObject({
    timezone: 'Europe/Warsaw',
    site: { id: null, name: 'Our house', created: true },
    series: [{ device: 'House', metric: 'grid.power_kw', unit: 'kW', known: true }],
    problems: [],
  });
  expect(preview.rows[1]).toEqual({
    timestamp: '2026-02-28T23:15:00.000Z',
    local_time: '2026-03-01T00:15:00+01:00',
    device: 'House',
    values: { 'grid.power_kw': 1.1 },
  });
  const dry = await result(service, id, { mapping, dry_run: true });
  expect(dry).toMatchObject({ dry_run: true, site: { id: null }, report: { rows: 96, accepted: 0, rejected: 0 } });
  const done = await result(service, id, { mapping });
  expect(done).toMatchObject({
    site: { name: 'Our house', timezone: 'Europe/Warsaw', currency: 'PLN', created: true },
    devices: [{ name: 'House', kind: 'meter', created: true }],
    range: { start: '2026-02-28T23:00:00.000Z', end: '2026-03-01T23:00:00.000Z' },
    report: { accepted: 96, rejected: 0 },
  });
  const { items } = await service.json<{ items: Site[] }>('/api/v1/sites');
  expect(
    items.map(({ id: site, name, timezone, is_default: isDefault }) => ({ site, name, timezone, isDefault })),
  ).toEqual([{ site: done.site!.id, name: 'Our house', timezone: 'Europe/Warsaw', isDefault: true }]);
  const window = `start=${done.range!.start}&end=${done.range!.end}`;
  const { series } = await service.json<{ series: { count: number[] }[] }>(
    `/api/v1/telemetry?device_id=${done.devices[0]!.id}&metric=grid.power_kw&bucket=1h&aggregate=count&${window}`,
  );
  expect(series[0]!.count.reduce((sum, count) => sum + count, 0)).toBe(96);
  expect(await result(service, id, { mapping })).toMatchObject({ already_imported: true, report: null });
  expect((await service.request(`/api/v1/imports/uploads/${id}`, { method: 'DELETE' })).status).toBe(204);
  expect(readdirSync(join(dataDir, 'uploads'))).toEqual([]);
});

test('daily totals are the energy of those days, including the day of 23 hours, for any interval length in a file', async () => {
  const { service } = await started('days');
  const csv = 'Date,Import kWh\n2026-03-27,24\n2026-03-28,24\n2026-03-29,23\n2026-03-30,24\n2026-03-31,24\n';
  const id = await uploaded(service, 'daily-totals.csv', Buffer.from(csv));
  const asked = await post(service, `/${id}/detection`, { timezone: 'Europe/Warsaw', site: 'Flat' });
  const { mapping } = ImportDetection.parse(await asked.json());
  expect(mapping).toMatchObject({ columns: { 'Import kWh': { metric: 'grid.imported_interval_kwh', per: '1d' } } });
  const done = await result(service, id, { mapping: JSON.stringify(mapping) });
  expect(done.report).toMatchObject({ accepted: 5, rejected: 0 });
  const device = await service.json<Device>(`/api/v1/devices/${done.devices[0]!.id}`);
  expect(device).toMatchObject({ kind: 'meter', intervals: { 'grid.imported_interval_kwh': '1d' } });
  const window = 'start=2026-03-26T23:00:00Z&end=2026-03-31T22:00:00Z';
  const { periods } = await service.json<EnergyBalance>(
    `/api/v1/analytics/energy-balance?site_id=Flat&resolution=1d&${window}`,
  );
  expect(periods.map(({ import_kwh: kwh, coverage }) => [kwh, coverage])).toEqual(
    [24, 24, 23, 24, 24].map((kwh) => [expect.closeTo(kwh, 9), 1]),
  );
  const { series } = await service.json<{ series: { sum: number[]; coverage: number }[] }>(
    `/api/v1/telemetry?device_id=daily-totals&bucket=1d&aggregate=sum&${window}`,
  );
  expect(series).toMatchObject([{ sum: [24, 24, 23, 24, 24], coverage: 1 }]);
  const quarter = await uploaded(service, 'daily-totals.csv', Buffer.from(csv.replace('24', '25')));
  const other = JSON.stringify(mapping).replace('"1d"', '"15m"');
  const refused = await post(service, `/${quarter}/runs`, { mapping: other });
  const { id: job } = (await refused.json()) as Job;
  const failed = async () => service.json<Job>(`/api/v1/jobs/${job}`);
  await expect.poll(async () => (await failed()).state).toBe('failed');
  expect((await failed()).error).toContain('has intervals of 1d, and the mapping says 15m');
});

test('an interrupted upload continues, and an unreadable file is reported before the job', async () => {
  const { service } = await started('faults');
  const content = Buffer.from(CSV);
  const upload = (await (await post(service, '', { name: 'a.csv', bytes: content.length })).json()) as ImportUpload;
  const add = (offset: number, part: Uint8Array) => post(service, `/${upload.id}/parts?offset=${offset}`, part);
  expect((await add(0, content.subarray(0, 100))).status).toBe(200);
  const repeated = await add(0, content.subarray(0, 100));
  expect([repeated.status, await repeated.text()]).toEqual([409, expect.stringContaining('offset must be 100')]);
  expect((await post(service, `/${upload.id}/detection`, {})).status).toBe(409);
  expect((await post(service, `/${upload.id}/runs`, { mapping: '{}' })).status).toBe(409);
  expect((await add(100, Buffer.concat([content.subarray(100), Buffer.from('x')]))).status).toBe(422);
  expect((await add(100, Buffer.alloc(upload.max_part_bytes + 1))).status).toBe(413);
  expect((await add(100, content.subarray(100))).status).toBe(200);
  const wrong = await post(service, `/${upload.id}/runs`, { mapping: 'timestamp: 5' });
  expect([wrong.status, await wrong.text()]).toEqual([422, expect.stringContaining('timestamp')]);
  expect((await post(service, '', { name: 'a.csv', bytes: 2 ** 40 })).status).toBe(422);
  expect((await post(service, '/11111111-1111-4111-8111-111111111111/detection', {})).status).toBe(404);
  const text = await uploaded(service, 'notes.txt', Buffer.from('only words\nand more\n'));
  const refused = await post(service, `/${text}/detection`, {});
  expect([refused.status, await refused.text()]).toEqual([422, expect.stringContaining('no table with a time')]);
});

test('without persistence, an upload is stored in memory only', async () => {
  const { service, dataDir } = await started('memory', { WATTKEEPER_PERSISTENCE: 'false' });
  const id = await uploaded(service, 'House.csv', Buffer.from(CSV));
  const { mapping } = ImportDetection.parse(await (await post(service, `/${id}/detection`, {})).json());
  expect(await result(service, id, { mapping: JSON.stringify(mapping) })).toMatchObject({
    site: { name: 'House', created: true },
    report: { accepted: 96 },
  });
  expect(existsSync(dataDir) ? readdirSync(dataDir) : []).toEqual([]);
  expect((await post(service, '', { name: 'a.csv', bytes: 100_000_000 })).status).toBe(422);
});
