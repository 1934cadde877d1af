import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openMigrationWorld } from './migration-world.ts';

/** A session as the older battery seller wrote it. */
function session(id: string, start: string, end: string | null, more: object = {}) {
  return {
    session_id: id,
    start_time: start,
    end_time: end,
    start_soc: 85,
    end_soc: 52.5,
    energy_sold_kwh: 6.4,
    average_price_pln: 0.82,
    revenue_pln: 5.248,
    ...more,
  };
}

it('battery-selling sessions become charging sessions, once, and sessions recorded by users remain', async () => {
  const { folder, migrate, pipeline } = await openMigrationWorld();
  const [deviceId] = (await pipeline.directory.resolve(['GW1'])) as [string];
  const { chargingSessions } = pipeline.records;
  const own = { deviceId, direction: 'discharge', energyKwh: 9, note: 'mine' } as const;
  const kept = Date.parse('2025-09-02T17:00:00Z');
  await chargingSessions.create({ ...own, startAt: kept, endAt: kept + 3600_000, source: 'recorded' });
  const found = Date.parse('2025-09-03T17:00:00Z');
  await chargingSessions.create({ ...own, startAt: found, endAt: found + 3600_000, source: 'detected' });
  const from = join(folder, 'sessions');
  await mkdir(from);
  const list = [
    session('s1', '2025-09-01T19:00:00', '2025-09-01T20:30:00', { start_soc: 'Unknown', end_soc: null }),
    session('s2', '2025-09-02T19:00:00', '2025-09-02T20:00:00'),
    session('s3', '2025-09-03T19:00:00', '2025-09-03T20:00:00'),
    session('s1', '2025-09-01T19:00:00', '2025-09-01T20:30:00', { start_soc: 'Unknown', end_soc: null }),
  ];
  await writeFile(join(from, 'battery_selling_sessions.json'), JSON.stringify(list));
  const bad = [
    session('b1', '2025-09-04T19:00:00', null),
    session('b2', '2025-09-04T19:00:00', '2025-09-04T18:00:00'),
    session('b3', 'noon', '2025-09-04T18:00:00'),
    session('b4', '2025-09-05T19:00:00', '2025-09-05T20:00:00', { energy_sold_kwh: null }),
    session('b5', '2025-09-06T19:00:00', '2025-09-06T20:00:00', { end_soc: 120 }),
  ];
  await writeFile(join(from, 'bad.jsonl'), bad.map((one) => JSON.stringify(one)).join('\n'));

  const request = { source: 'sessions', from, device: 'GW1' } as const;
  const dry = await migrate({ ...request, dry_run: true });
  expect(dry).toMatchObject({ found: 9, to_migrate: 2, already_there: 2, unreadable: 5, missing: 0 });
  const report = await migrate(request);
  expect(report).toMatchObject({ found: 9, migrated: 2, already_there: 2, unreadable: 5, missing: 0 });
  expect(report.values.differing).toBe(1);
  expect(report.backup).not.toBeNull();
  expect(report.unreadable_items.map(({ reason }) => reason)).toEqual([
    'it has no end_time',
    'its end_time is not later than its start_time',
    'start_time "noon" is no time of Europe/Warsaw',
    'it has no energy_sold_kwh',
    'end_soc must be a number from 0 to 100; got "120"',
  ]);
  const { items } = await chargingSessions.page({ limit: 10, deviceId });
  expect(items).toMatchObject([
    {
      startAt: found,
      energyKwh: 6.4,
      note: 'Session s3',
      source: 'recorded',
      startSocPercent: 85,
      endSocPercent: 52.5,
    },
    { startAt: kept, energyKwh: 9, note: 'mine' },
    {
      startAt: Date.parse('2025-09-01T17:00:00Z'),
      endAt: Date.parse('2025-09-01T18:30:00Z'),
      direction: 'discharge',
      startSocPercent: null,
      averagePricePerKwh: 0.82,
      cost: -5.248,
    },
  ]);
  expect(await migrate(request)).toMatchObject({ migrated: 0, already_there: 4, unreadable: 5, missing: 0 });
});
