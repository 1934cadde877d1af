import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import { describe, expect, test } from 'vitest';
import { every, SiteWorld } from '../../../test/energy/site-world.ts';
import { dayWindow } from '../../domain/time/site-time.ts';
import { periodsEndedBy } from './report-periods.ts';
import { ReportService } from './service.ts';

const WARSAW = 'Europe/Warsaw';

function serviceOf(world: SiteWorld): ReportService {
  const { records, energy, devices } = world;
  return new ReportService({ reports: records.reports, sites: records.sites, energy, devices, now: () => world.now });
}

/** 1 kW from a day's midnight until another's. */
const steady = (firstDay: string, endDay: string) =>
  every(HOUR_MS, dayWindow(firstDay, WARSAW).start, dayWindow(endDay, WARSAW).start, () => 1);

describe('stored reports', () => {
  test('of yesterday, the week and the month are made once, and missing days are added', async () => {
    // Sunday 31 May 2026 ends a week and a month.
    const now = dayWindow('2026-06-01', WARSAW).start + HOUR_MS / 2;
    const world = await SiteWorld.open(now);
    const meter = await world.device('Meter', 'meter');
    await world.report(
      meter,
      'grid.power_kw',
      every(HOUR_MS, dayWindow('2026-05-29', WARSAW).start, now, () => 1),
    );
    const service = serviceOf(world);
    expect(await service.storeReports()).toBe(5);

    const days = await service.page({ kind: 'daily', limit: 2 });
    expect(days.items.map(({ period }) => period)).toEqual(['2026-05-31', '2026-05-30']);
    const last = await service.page({ kind: 'daily', limit: 2, cursor: days.next_cursor as string });
    expect(last.items.map(({ period }) => period)).toEqual(['2026-05-29']);
    expect(last.next_cursor).toBeNull();
    const [week] = (await service.page({ kind: 'weekly', limit: 10 })).items;
    const [month] = (await service.page({ kind: 'monthly', limit: 10 })).items;
    expect([week?.period, month?.period]).toEqual(['2026-W22', '2026-05']);
    expect(week?.kind === 'weekly' && week.content.totals.import_kwh).toBeCloseTo(72, 9);

    // Again: yesterday's are renewed, the earlier ones do not change.
    expect(await service.storeReports()).toBe(3);
  });

  test('are made for imported months of any age, but not for days without readings', async () => {
    const world = await SiteWorld.open(dayWindow('2026-06-10', WARSAW).start + HOUR_MS / 2);
    const service = serviceOf(world);
    expect(await service.storeReports()).toBe(0);
    const meter = await world.device('Old meter', 'meter');
    await world.report(meter, 'grid.power_kw', steady('2023-03-06', '2023-04-03'));
    await world.report(meter, 'grid.power_kw', steady('2026-06-09', '2026-06-10'));
    // Four weeks of 2023 in two months, with a day of 23 hours; yesterday.
    expect(await service.storeReports()).toBe(28 + 4 + 2 + 1);
    const months = await service.page({ kind: 'monthly', limit: 10 });
    expect(
      months.items.map(({ period, content }) => [period, 'totals' in content && content.totals.import_kwh]),
    ).toEqual([
      ['2023-04', expect.closeTo(48, 6)],
      ['2023-03', expect.closeTo(26 * 24 - 1, 6)],
    ]);
    expect(await service.storeReports()).toBe(1);
  });

  test('are replaced if a device imported later has readings of that time', async () => {
    const world = await SiteWorld.open(dayWindow('2026-06-10', WARSAW).start + HOUR_MS / 2);
    const service = serviceOf(world);
    const meter = await world.device('Meter', 'meter');
    await world.report(meter, 'grid.power_kw', steady('2026-04-01', '2026-05-01'));
    await service.storeReports();
    // Records are stamped by the clock of the machine, in milliseconds.
    await expect.poll(() => Date.now()).toBeGreaterThan((await newestReport(world)) + 1);
    const roof = await world.device('Roof', 'inverter');
    await world.report(roof, 'solar.power_kw', steady('2026-04-15', '2026-05-01'));
    await service.storeReports();
    const [month] = (await service.page({ kind: 'monthly', limit: 1 })).items;
    expect(month?.kind === 'monthly' && month.content.totals.solar_kwh).toBeCloseTo(16 * 24, 6);
    expect(await service.storeReports()).toBe(0);
  });

  test('weeks belong to the year of their Thursday', () => {
    const week = (sunday: string) => periodsEndedBy(sunday, 7).find(({ kind }) => kind === 'weekly')?.period;
    expect([week('2026-01-04'), week('2027-01-03'), week('2024-12-29'), week('2021-01-10')]).toEqual([
      '2026-W01',
      '2026-W53',
      '2024-W52',
      '2021-W01',
    ]);
  });
});

async function newestReport({ records, site }: SiteWorld): Promise<number> {
  const keys = await records.reports.keys(site.id, ['daily', 'weekly', 'monthly']);
  return Math.max(...keys.map(({ createdAt }) => createdAt));
}
