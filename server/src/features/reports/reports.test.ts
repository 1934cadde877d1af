import { describe, expect, test } from 'vitest';
import { every, SiteWorld } from '../../../test/energy/site-world.ts';
import { dayWindow } from '../../domain/site-time.ts';
import { HOUR_MS } from '../../domain/window.ts';
import { periodsEndedBy } from './report-periods.ts';
import { ReportService } from './service.ts';

const WARSAW = 'Europe/Warsaw';

describe('stored reports', () => {
  test('of yesterday, the week and the month are made once, and missed days are caught up', async () => {
    // Sunday 31 May 2026 ends a week and a month.
    const now = dayWindow('2026-06-01', WARSAW).start + HOUR_MS / 2;
    const world = await SiteWorld.open(now);
    const meter = await world.device('Meter', 'meter');
    await world.report(
      meter,
      'grid.power_kw',
      every(HOUR_MS, dayWindow('2026-05-29', WARSAW).start, now, () => 1),
    );
    const service = new ReportService({
      reports: world.records.reports,
      sites: world.records.sites,
      energy: world.energy,
      now: () => world.now,
    });
    expect(await service.storeReports()).toBe(5);

    const days = await service.page({ kind: 'daily', limit: 2 });
    expect(days.items.map(({ period }) => period)).toEqual(['2026-05-31', '2026-05-30']);
    const rest = await service.page({ kind: 'daily', limit: 2, cursor: days.next_cursor as string });
    expect(rest.items.map(({ period }) => period)).toEqual(['2026-05-29']);
    expect(rest.next_cursor).toBeNull();
    const [week] = (await service.page({ kind: 'weekly', limit: 10 })).items;
    const [month] = (await service.page({ kind: 'monthly', limit: 10 })).items;
    expect([week?.period, month?.period]).toEqual(['2026-W22', '2026-05']);
    expect(week?.kind === 'weekly' && week.content.totals.import_kwh).toBeCloseTo(72, 9);

    // Again: yesterday's are renewed, the earlier ones stay.
    expect(await service.storeReports()).toBe(3);
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
