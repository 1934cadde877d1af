import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import type { Repair, RepairOperation, RepairPreview } from '@wattkeeper/contract/storage/repair.ts';
import { afterEach, expect, it } from 'vitest';
import { postReadings, type Service, startService, temporaryFolder } from './service.ts';

let closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.reverse()) await close();
  closers = [];
});

/** Some days ago, so that DuckDB has compacted them, and today. */
const START = Math.floor(Date.now() / UTC_DAY_MS) * UTC_DAY_MS - 3 * UTC_DAY_MS;
/** The last full hour: its values do not depend on the current time. */
const END = Math.floor(Date.now() / 3_600_000) * 3_600_000;
const iso = (instant: number) => new Date(instant).toISOString();

async function start(folder: string): Promise<Service> {
  const service = await startService(folder, {
    WATTKEEPER_INGEST__STORE_PAUSE_MS: '50',
    WATTKEEPER_STORES__0__TYPE: 'duckdb',
    WATTKEEPER_STORES__1__TYPE: 'sqlite',
  });
  closers.push(() => service.kill());
  return service;
}

async function world(): Promise<{ folder: string; service: Service }> {
  const { path, remove } = temporaryFolder();
  closers.push(remove);
  const service = await start(path);
  const readings = [];
  for (let at = START; at < END; at += 300_000) {
    readings.push({
      device_id: 'meter',
      timestamp: iso(at),
      values: { 'load.power_kw': 1, 'load.energy_kwh': at / 3_600_000 },
    });
  }
  expect((await postReadings(service, readings)).status).toBe(202);
  await service.request('/api/v1/scheduler/jobs/day-compaction/run', { method: 'POST' });
  return { folder: path, service };
}

function ask(service: Service, path: string, from: number, to: number, operation: RepairOperation): Promise<Response> {
  const body = {
    device_id: 'meter',
    metric: 'load.power_kw',
    start: iso(from),
    end: iso(to),
    operation,
    reason: 'test',
  };
  return service.request(`/api/v1/storage/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

async function apply(service: Service, from: number, to: number, operation: RepairOperation): Promise<Repair> {
  const answer = await ask(service, 'repairs', from, to, operation);
  expect([answer.status, answer.status === 201 ? '' : await answer.clone().text()]).toEqual([201, '']);
  return (await answer.json()) as Repair;
}

const undo = (service: Service, { id }: Repair) =>
  service.request(`/api/v1/storage/repairs/${id}/undo`, { method: 'POST' });

async function history(service: Service): Promise<string> {
  const window = `start=${iso(START)}&end=${iso(END)}`;
  const raw = await (await service.request(`/api/v1/telemetry?device_id=meter&bucket=raw&${window}`)).text();
  const hours = await (await service.request(`/api/v1/telemetry?device_id=meter&bucket=1h&${window}`)).text();
  // A digest, so that a failure is readable.
  return createHash('sha256').update(raw).update(hours).digest('hex');
}

async function powerOf(service: Service, from: number, to: number): Promise<[number, number][]> {
  const window = `start=${iso(from)}&end=${iso(to)}`;
  const path = `/api/v1/telemetry?device_id=meter&metric=load.power_kw&bucket=raw&${window}`;
  const { series } = await service.json<{ series: { timestamps: string[]; value: number[] }[] }>(path);
  return (series[0]?.timestamps ?? []).map((at, i) => [Date.parse(at), series[0]!.value[i]!]);
}

const OPERATIONS: readonly RepairOperation[] = [
  { type: 'delete' },
  { type: 'interpolate' },
  { type: 'scale', factor: 2, offset: 1 },
  { type: 'set', value: 5 },
  { type: 'shift', seconds: 1800 },
];

it('every repair is effective immediately and after a crash, changes no other sample, and can be undone completely', async () => {
  const { folder, service: first } = await world();
  let service = first;
  const original = await history(service);
  for (const operation of OPERATIONS) {
    for (const [from, to] of [
      [START + UTC_DAY_MS / 2, START + UTC_DAY_MS],
      [END - 1_800_000, END],
    ] as const) {
      // There is no sample after the last one to interpolate to.
      if (operation.type === 'interpolate' && to === END) continue;
      if (operation.type === 'shift' && to === END) continue;
      const repair = await apply(service, from, to, operation);
      const after = await history(service);
      expect([operation, after === original]).toEqual([operation, operation.type === 'interpolate']);
      if (operation.type === 'delete') expect(await powerOf(service, from, to)).toEqual([]);
      if (operation.type === 'delete' && from > START + UTC_DAY_MS) {
        await service.kill();
        service = await start(folder);
        expect(await history(service)).toBe(after);
        const { items } = await service.json<{ items: { values: Record<string, { timestamp: string }> }[] }>(
          '/api/v1/telemetry/latest',
        );
        expect(Date.parse(items[0]?.values['load.power_kw']?.timestamp ?? '')).toBeLessThan(from);
      }
      expect((await undo(service, repair)).status).toBe(200);
      expect(await history(service)).toBe(original);
    }
  }
  await service.kill();
  service = await start(folder);
  expect(await history(service)).toBe(original);
  const { items } = await service.json<{ items: Repair[] }>('/api/v1/storage/repairs');
  expect(items).toHaveLength(8);
  expect(items.every(({ state, undone_by }) => state === 'undone' && undone_by === 'token:administrator')).toBe(true);
});

it('a repair whose record was lost in a crash is applied once, and never over a later reading', async () => {
  const { folder, service: first } = await world();
  const [from, to] = [START + UTC_DAY_MS / 2, START + UTC_DAY_MS / 2 + 4 * 300_000];
  const made = await apply(first, from, to, { type: 'set', value: 5 });
  const reading = { device_id: 'meter', timestamp: iso(from), values: { 'load.power_kw': 7 } };
  expect((await postReadings(first, reading)).status).toBe(202);
  const undone = await apply(first, from + UTC_DAY_MS, to + UTC_DAY_MS, { type: 'delete' });
  expect((await undo(first, undone)).status).toBe(200);
  await first.kill();
  const records = new DatabaseSync(join(folder, 'wattkeeper.db'));
  records.exec(`UPDATE repairs SET state = 'applying' WHERE id IN ('${made.id}', '${undone.id}')`);
  records.close();
  const service = await start(folder);
  expect((await powerOf(service, from, to)).map(([, value]) => value)).toEqual([7, 5, 5, 5]);
  expect(await powerOf(service, from + UTC_DAY_MS, to + UTC_DAY_MS)).toEqual([]);
  const { items } = await service.json<{ items: Repair[] }>('/api/v1/storage/repairs');
  expect(items.map(({ state }) => state)).toEqual(['applied', 'applied']);
});

it('previews its effect, and explains why it is impossible', async () => {
  const { service } = await world();
  const [from, to] = [START + 3_600_000, START + 7_200_000];
  const preview = (await (
    await ask(service, 'repairs/preview', from, to, { type: 'scale', factor: -1e9, offset: 0 })
  ).json()) as RepairPreview;
  expect(preview).toMatchObject({ samples: 12, changed: 12, removed: 0, added: 0, unit: 'kW' });
  expect(preview.warnings).toEqual([expect.stringContaining('12 values would be outside')]);
  expect(preview.after.value.filter((value) => value === -1e9)).toHaveLength(12);
  expect((await powerOf(service, from, to)).every(([, value]) => value === 1)).toBe(true);

  const detail = async (answer: Promise<Response>) => {
    const { status, detail } = (await (await answer).json()) as { status: number; detail: string };
    return `${status} ${detail}`;
  };
  expect(await detail(ask(service, 'repairs', to, from, { type: 'delete' }))).toMatch(
    /^422 end must be later than start/,
  );
  expect(await detail(ask(service, 'repairs', from + 1, from + 2, { type: 'delete' }))).toMatch(
    /^422 there is no sample in the window/,
  );
  const early = await apply(service, from, to, { type: 'set', value: 2 });
  const late = await apply(service, from + 600_000, to, { type: 'delete' });
  expect(await detail(undo(service, early))).toMatch(/^409 a later repair depends on this one/);
  expect((await undo(service, late)).status).toBe(200);
  expect((await undo(service, early)).status).toBe(200);
  expect(await detail(undo(service, early))).toMatch(/^409 the repair is already undone/);
  const { items } = await service.json<{ items: { action: string }[] }>('/api/v1/audit-log?limit=10');
  expect(items.filter(({ action }) => action.startsWith('telemetry.')).length).toBe(4);
});
