import { BaselineTraining } from '@wattkeeper/contract/analytics/baseline.ts';
import type { CalendarPeriod } from '@wattkeeper/contract/analytics/calendar.ts';
import { HOUR_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { describe, expect, it } from 'vitest';
import { iso, models } from '../../../test/baseline/press-world.ts';
import { every, SiteWorld } from '../../../test/energy/site-world.ts';
import { rowsOfBuilding } from '../../../test/reference/nmecr/daily-buildings.ts';
import { MetricCatalogue } from '../../domain/metric-catalogue.ts';
import { categoriesAt } from '../../domain/time/calendar.ts';
import { BaselineService } from './service.ts';

const ROWS = rowsOfBuilding('school');
const [START, END] = [ROWS[0]!.start, ROWS.at(-1)!.start + UTC_DAY_MS];
const NOW = END + 30 * UTC_DAY_MS;
const MODES = ['classes', 'school holidays', 'summer maintenance', 'summer school', 'ramp up'];
/** 0: classes; if several flags are set, the last counts. */
const modeOf = (at: number) => ROWS[Math.floor((at - START) / UTC_DAY_MS)]!.flags.lastIndexOf(1) + 1;
const dayOf = (at: number) => iso(at).slice(0, 10);

const PERIODS: CalendarPeriod[] = ROWS.filter(({ start }) => modeOf(start) > 0).map(({ start }) => ({
  category: MODES[modeOf(start)]!,
  from: dayOf(start),
  to: dayOf(start),
  from_time: '00:00',
  to_time: '24:00',
}));

/** The school with its operating modes, reported as a code. */
async function school() {
  const site = await SiteWorld.open(NOW, { timezone: 'UTC' });
  const mains = await site.device('School', 'meter', { expectedIntervalS: 6 * 3600 });
  const at = (value: (row: (typeof ROWS)[number]) => number) =>
    every(6 * HOUR_MS, START, END, (instant) => value(ROWS[Math.floor((instant - START) / UTC_DAY_MS)]!));
  await site.report(
    mains,
    'load.power_kw',
    at(({ kwh }) => kwh / 24),
  );
  await site.report(
    mains,
    'production.status',
    at(({ start }) => modeOf(start)),
  );
  await site.report(
    mains,
    'environment.outdoor_temp_c',
    at(({ degrees }) => degrees),
  );
  const catalogue = new MetricCatalogue();
  const { queries, devices, energy, records } = site;
  const { calendars, sites, baselines, baselineAdjustments: adjustments } = records;
  const service = new BaselineService({
    ...{ queries, devices, energy, calendars, sites, baselines, adjustments, models },
    describe: (metric) => catalogue.describe(metric),
    now: () => NOW,
  });
  const train = (categorical_drivers: string[], window = { start_date: iso(START), end_date: iso(END) }) =>
    service.train(
      BaselineTraining.parse({
        machine_id: 'School',
        ...window,
        categorical_drivers,
        model_type: 'auto',
        resolution: 'day',
      }),
    );
  const calendar = (periods: CalendarPeriod[]) =>
    calendars.create({ siteId: site.site.id, name: 'Year', defaultCategory: 'classes', periods });
  return { site, mains, service, train, calendar };
}

describe('a calendar', () => {
  it('has the category of the first period that applies, past midnight and on the day of 23 hours', () => {
    const night = { category: 'night', weekdays: [6], from_time: '22:00', to_time: '06:00' };
    const early = { category: 'early', from: '2026-03-29', to: '2026-03-29', from_time: '03:00', to_time: '08:00' };
    const shifts = { defaultCategory: 'day', periods: [night, early] };
    const at = (text: string) => categoriesAt(shifts, Float64Array.of(Date.parse(text)), 'Europe/Warsaw')[0];
    // Saturday 28 March: the night runs into Sunday, on which 02:00 to 03:00 is missing.
    expect(at('2026-03-28T21:59:00+01:00')).toBe('day');
    expect(at('2026-03-28T22:00:00+01:00')).toBe('night');
    expect(at('2026-03-29T05:59:00+02:00')).toBe('night');
    expect(at('2026-03-29T06:00:00+02:00')).toBe('early');
    expect(at('2026-03-29T08:00:00+02:00')).toBe('day');
    expect(at('2026-03-29T23:00:00+02:00')).toBe('day');
  });
});

describe('a driver with categories', () => {
  it('explains a school by its operating modes, both as a series and as a calendar', async () => {
    const { service, train, calendar } = await school();
    await calendar(PERIODS);
    const plain = await train([]);
    const bySeries = await train(['production.status']);
    const byCalendar = await train(['calendar:Year']);
    expect(plain.r_squared).toBeLessThan(0.6);
    expect(bySeries.r_squared).toBeGreaterThan(0.85);
    expect(byCalendar.r_squared).toBeCloseTo(bySeries.r_squared, 9);
    expect(byCalendar.coefficients['calendar:Year = summer maintenance']).toBeCloseTo(
      bySeries.coefficients['production.status = 2']!,
      6,
    );
    expect(byCalendar.categorical_drivers).toEqual([
      { name: 'calendar:Year', base: 'classes', categories: [...MODES].sort(), p_value: expect.any(Number) },
    ]);
    expect(byCalendar.categorical_drivers[0]!.p_value).toBeLessThan(1e-20);
    expect(byCalendar).toMatchObject({ valid: true, is_active: true });

    const on = (day: string, given = {}) =>
      service.predict('School', { at: `${day}T12:00:00Z`, outdoor_temp_c: 20, ...given });
    // The 20th of June 2018 had summer school, the 16th of May classes.
    const [summer, classes] = [await on('2018-06-20'), await on('2018-05-16')];
    expect(summer.conditions).toMatchObject({ 'calendar:Year = summer school': 1, 'calendar:Year = ramp up': 0 });
    expect(summer.predicted_kwh).toBeLessThan(0.9 * classes.predicted_kwh);
    const chosen = await on('2018-05-16', { 'calendar:Year': 'summer school' });
    expect(chosen.conditions['calendar:Year = summer school']).toBe(1);
    await expect(on('2018-05-16', { 'calendar:Year': 'party' })).rejects.toThrow(/must be one of classes, ramp up/);

    const { baselines } = await service.retrainAll(new AbortController().signal, () => {});
    expect(baselines).toEqual([expect.objectContaining({ machine: 'School', version: 4 })]);
    const [newest] = await service.models('School');
    expect(newest!.categorical_drivers.map(({ name }) => name)).toEqual(['calendar:Year']);
  });

  it('excludes days with a category that does not occur in the training', async () => {
    const { service, train, calendar } = await school();
    const late = END - 60 * UTC_DAY_MS;
    const strike = { category: 'strike', from: dayOf(late), to: dayOf(late + 4 * UTC_DAY_MS) };
    await calendar([{ ...strike, from_time: '00:00', to_time: '24:00' }, ...PERIODS]);
    const model = await train(['calendar:Year'], { start_date: iso(START), end_date: iso(late) });
    await service.activate(model.model_id);
    const found = await service.deviation({ machine_id: 'School', start: iso(late), end: iso(END) });
    expect([found.hours, found.missing_hours]).toEqual([55, 5]);
  });

  it('is rejected if it has one category, too many, fractions, or does not exist', async () => {
    const { site, mains, train, calendar } = await school();
    const report = (metric: string, value: (at: number) => number) =>
      site.report(mains, metric, every(6 * HOUR_MS, START, END, value));
    await report('plant.constant', () => 3);
    await report('plant.many', (at) => ((at - START) / (6 * HOUR_MS)) % 21);
    await report('plant.halves', (at) => (((at - START) / (6 * HOUR_MS)) % 3) / 2);
    await calendar([]);
    await expect(train(['plant.constant'])).rejects.toThrow(/"plant.constant" has only one category/);
    await expect(train(['plant.many'])).rejects.toThrow(/"plant.many" has more than 20 categories/);
    await expect(train(['plant.halves'])).rejects.toThrow(/must have integers as categories; got 0.5/);
    await expect(train(['calendar:Moon'])).rejects.toThrow(
      /there is no "calendar:Moon" at this site; available are calendar:Year/,
    );
    await expect(train(['calendar:Year'])).rejects.toThrow(/"calendar:Year" has only one category/);
  });

  it('lists calendars among the drivers, and counts days of the category holiday as holidays', async () => {
    const { service, train, calendar } = await school();
    await calendar(PERIODS.map((period) => ({ ...period, category: 'holiday' })));
    const { drivers } = await service.drivers({ machine_id: 'School', suggest: false });
    expect(drivers.filter(({ categorical }) => categorical).map(({ name }) => name)).toEqual([
      'production.status',
      'calendar:Year',
    ]);
    const { day_of_week: days, r_squared } = await train([]);
    expect(days!.holiday_level_kwh).not.toBeNull();
    expect(r_squared).toBeGreaterThan(0.65);
  });
});
