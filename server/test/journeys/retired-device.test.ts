import { execFile } from 'node:child_process';
import type { DailyReport } from '@wattkeeper/contract/analytics/energy.ts';
import { type Device, DeviceRemoved } from '@wattkeeper/contract/device.ts';
import { MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import type { Job } from '@wattkeeper/contract/job.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { postReadings, ROOT, type Service, startService, TOKEN, temporaryFolder } from './service.ts';

describe('a device over the API', () => {
  const folder = temporaryFolder();
  let service: Service;
  beforeAll(async () => {
    service = await startService(folder.path);
    const start = Date.parse('2026-03-10T00:00:00Z');
    const readings = ['Old meter', 'New meter'].flatMap((device_id, i) =>
      Array.from({ length: 72 }, (_, n) => ({
        device_id,
        timestamp: new Date(start + (72 * i + n) * 10 * MINUTE_MS).toISOString(),
        values: { 'load.power_kw': 2 },
      })),
    );
    expect((await postReadings(service, readings)).status).toBe(202);
  });
  afterAll(async () => {
    await service.stop();
    folder.remove();
  });

  const send = (method: string, path: string, body?: unknown) =>
    service.request(path, {
      method,
      ...(body !== undefined && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
  const change = async (body: unknown) =>
    (await (await send('PATCH', '/api/v1/devices/Old%20meter', body)).json()) as Device;
  const report = async () =>
    (await (await send('GET', '/api/v1/analytics/daily-report?date=2026-03-10')).json()) as DailyReport;

  it('that was replaced does not make the report of its day incomplete', async () => {
    expect(await report()).toMatchObject({ total_consumption_kwh: expect.closeTo(48, 9), peak_consumption_kw: 2 });
    expect((await report()).coverage_by_quantity).toEqual({ load: 1 });
  });

  it('is retired and reactivated, even after a restart', async () => {
    const retired_at = '2026-03-10T06:00:00.000Z';
    expect(await change({ retired_at })).toMatchObject({ retired_at, status: 'retired' });
    expect((await report()).total_consumption_kwh).toBeCloseTo(36, 9);
    await service.stop();
    service = await startService(folder.path);
    expect((await report()).total_consumption_kwh).toBeCloseTo(36, 9);
    expect(await change({ retired_at: null })).toMatchObject({ retired_at: null, status: 'stale' });
    expect((await report()).total_consumption_kwh).toBeCloseTo(48, 9);
  });

  it('is listed, retired, reactivated and deleted on the command line', async () => {
    const run = (...argv: string[]) =>
      new Promise<{ code: number; out: string }>((resolve) => {
        const env = { PATH: process.env.PATH, HOME: folder.path, WATTKEEPER_TOKEN: TOKEN };
        const args = ['server/src/main.ts', 'device', ...argv, '--url', service.url, '--json'];
        execFile(process.execPath, args, { cwd: ROOT, env }, (error, out) =>
          resolve({ code: error === null ? 0 : Number(error.code), out }),
        );
      });
    const items = ({ out }: { out: string }) => JSON.parse(out).items as Device[];
    const at = '2026-03-10T06:00:00.000Z';
    expect(items(await run('list')).map(({ name }) => name)).toEqual(['New meter', 'Old meter']);
    expect(items(await run('retire', 'Old meter', '--at', at))).toMatchObject([{ retired_at: at, status: 'retired' }]);
    expect(items(await run('reactivate', 'Old meter'))).toMatchObject([{ retired_at: null }]);
    expect((await run('retire', 'Old meter', '--at', 'noon')).code).toBe(2);
    const refused = await run('delete', 'New meter');
    expect([refused.code, JSON.parse(refused.out).error.message]).toEqual([
      1,
      expect.stringMatching(/set the parameter confirm to its name/),
    ]);
    expect((await run('delete', 'New meter', '--confirm', 'New meter')).code).toBe(0);
    expect(items(await run('list')).map(({ name }) => name)).toEqual(['Old meter']);
  });

  it('that has readings is deleted only with its name as confirmation', async () => {
    for (const query of ['', '?confirm=', '?confirm=old%20meter']) {
      const answer = await send('DELETE', `/api/v1/devices/Old%20meter${query}`);
      expect([answer.status, await answer.json()]).toEqual([
        409,
        expect.objectContaining({ detail: expect.stringMatching(/set the parameter confirm to its name/) }),
      ]);
    }
    const answer = await send('DELETE', '/api/v1/devices/Old%20meter?confirm=Old%20meter');
    expect(answer.status).toBe(202);
    const removed = DeviceRemoved.parse(await answer.json());
    expect(removed.name).toBe('Old meter');
    expect((await send('GET', '/api/v1/devices/Old%20meter')).status).toBe(404);
    const job = async () => (await (await send('GET', `/api/v1/jobs/${removed.job_id}`)).json()) as Job;
    await expect.poll(async () => (await job()).state).toBe('succeeded');
    expect((await job()).result).toMatchObject({ deleted: { quarantine: 1, 'store duckdb': 1 }, impossible: {} });
    const { items } = (await (await send('GET', '/api/v1/audit-log')).json()) as { items: unknown[] };
    expect(items).toContainEqual(expect.objectContaining({ action: 'device.remove', target: 'Old meter' }));
  });
});
